"""Short codes for features: product quantization, so that a patch takes tens of bytes instead of hundreds."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load, save

from raiha.gallery_tools.appearance import BINS

CODES_FILE = Path(__file__).parent / "weights" / "feature_codes.safetensors"
"""What ``raiha.training.fit_feature_codes`` fitted: codes of the bundled extractor's features and of appearance."""
_CENTROIDS = 256
_SEED = 0


class FeatureCodes:
    """Codes of unit vectors: a vector is turned and cut in parts, and each part is the number of a centroid, a byte.

    Args:
        turn: (d, e) float32, orthonormal columns: leads to the e channels that are cut, at most d.
        centroids: (parts, 256, e / parts) float32.
    """

    def __init__(self, turn: NDArray[np.float32], centroids: NDArray[np.float32]) -> None:
        self._turn = np.ascontiguousarray(turn, np.float32)
        self._centroids = np.ascontiguousarray(centroids, np.float32)
        self.dimension = len(turn)
        self.parts = len(centroids)
        # Decodes at once; its encoder takes twice as long as matrix products.
        self._quantizer = faiss.ProductQuantizer(turn.shape[1], self.parts, 8)
        faiss.copy_array_to_vector(self._centroids.ravel(), self._quantizer.centroids)
        self._half_square = 0.5 * np.square(self._centroids).sum(2)

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the codes of unit vectors (..., d): (..., parts) uint8."""
        turned = (vectors.reshape(-1, self.dimension) @ self._turn).reshape(-1, self.parts, self._centroids.shape[2])
        codes = np.empty((len(turned), self.parts), np.uint8)
        for part, (centroids, half_square) in enumerate(zip(self._centroids, self._half_square, strict=True)):
            # The nearest: |v - c|^2 / 2 is v.v / 2, the same for all, less this.
            codes[:, part] = (turned[:, part] @ centroids.T - half_square).argmax(1)
        return codes.reshape(*vectors.shape[:-1], self.parts)

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the unit vectors that codes (..., parts) stand for: (..., d) float32."""
        turned = self._quantizer.decode(np.ascontiguousarray(codes.reshape(-1, self.parts)))
        vectors: NDArray[np.float32] = (turned @ self._turn.T).reshape(*codes.shape[:-1], self.dimension)
        lengths = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))  # faster than np.linalg.norm
        vectors /= np.maximum(lengths, 1e-9)[..., None]
        return vectors

    def to_bytes(self) -> bytes:
        """Return all that is needed to read codes, for a gallery to keep."""
        return save({"turn": self._turn, "centroids": self._centroids})

    @classmethod
    def from_bytes(cls, data: bytes) -> FeatureCodes:
        """Return the codes that ``to_bytes`` wrote."""
        arrays = load(data)
        return cls(arrays["turn"], arrays["centroids"])


@lru_cache(maxsize=8)
def codes_for_content(extractor: str, dimension: int) -> FeatureCodes:
    """Return the codes for a new gallery's content features: fitted to the extractor, or else to no data at all."""
    return _fitted(extractor) or _unfitted(dimension)


@lru_cache(maxsize=1)
def codes_for_appearance() -> FeatureCodes:
    """Return the codes for a new gallery's HSV histograms."""
    return _fitted("appearance") or _unfitted(BINS)


def _fitted(name: str) -> FeatureCodes | None:
    with safe_open(CODES_FILE, "numpy") as file:
        if f"{name}.turn" not in file.keys():  # noqa: SIM118  (not a dictionary)
            return None
        return FeatureCodes(file.get_tensor(f"{name}.turn"), file.get_tensor(f"{name}.centroids"))


def _unfitted(dimension: int) -> FeatureCodes:
    """Return codes that serve any unit vectors of so many channels.

    A random turn makes the parts of whatever vector normally distributed, so the centroids are those of normal
    numbers: a byte for two channels, or, where hundreds of channels average the errors, for four.
    """
    width = 4 if dimension >= 256 else 2
    generator = np.random.default_rng(_SEED)
    turn = np.linalg.qr(generator.normal(size=(dimension, dimension)))[0]
    numbers = generator.normal(scale=dimension**-0.5, size=(20_000, width)).astype(np.float32)
    clusters = faiss.Kmeans(width, _CENTROIDS, niter=20, seed=_SEED, max_points_per_centroid=len(numbers))
    clusters.train(numbers)
    return FeatureCodes(turn, np.tile(clusters.centroids, (dimension // width, 1, 1)))
