"""Photos to content features with any extractor of the registry (formula 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.gallery_tools.devices import AUTO, CPU, chosen_device, require_torch
from raiha.gallery_tools.extractors.registry import ExtractorInfo, extractor_info

Maps = NDArray[np.float32]
"""Of B pictures, (B, C, H, W) each."""

Engine = Callable[[Maps], Maps]
"""Turns pictures (B, 3, H, W) of encoded sRGB in [0, 1], H and W multiples of the stride, into content features
(B, dimension, H / stride, W / stride) of unit length."""


def input_size(height: int, width: int, info: ExtractorInfo) -> tuple[int, int]:
    """Height and width to which a photo is resized: long side ``input_side``, both multiples of the stride."""
    scale = info.input_side / max(height, width)
    rows, columns = (max(1, round(edge * scale / info.stride)) for edge in (height, width))
    return rows * info.stride, columns * info.stride


class Extractor:
    """A loaded extractor.

    Attributes:
        info: its entry in the registry.
    """

    def __init__(self, info: ExtractorInfo, engine: Engine, fingerprint: Callable[[], str]) -> None:
        self.info = info
        self._engine = engine
        self._make_fingerprint = fingerprint

    @cached_property
    def fingerprint(self) -> str:
        """Tells its weights from others of the same extractor."""
        return self._make_fingerprint()

    def resize(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a photo (H, W, 3) at the extractor's input size, averaging the pixels that fall together."""
        height, width = input_size(photo.shape[0], photo.shape[1], self.info)
        if photo.shape[:2] == (height, width):
            return photo
        return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR))

    def maps(self, pictures: Maps) -> Maps:
        """Content features of pictures at their own size, or the nearest that the stride divides.

        Args:
            pictures: (B, 3, H, W) float32 encoded sRGB in [0, 1].

        Returns:
            (B, dimension, H / stride, W / stride) float32 of unit length.
        """
        height, width = (max(1, round(edge / self.info.stride)) * self.info.stride for edge in pictures.shape[-2:])
        if (height, width) != pictures.shape[-2:]:
            pictures = np.stack([[_resized(plane, height, width) for plane in picture] for picture in pictures])
        return self._engine(pictures)

    def content_features(self, photos: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Content features of photos; photos of one shape after resizing run as one batch.

        Args:
            photos: (h, w, 3) uint8 encoded sRGB, any sizes.

        Returns:
            For each photo (rows, columns, dimension) float32 of unit length.
        """
        resized = [self.resize(photo) for photo in photos]
        features: dict[int, NDArray[np.float32]] = {}
        for shape in {photo.shape for photo in resized}:
            numbers = [number for number, photo in enumerate(resized) if photo.shape == shape]
            batch = np.stack([resized[number].transpose(2, 0, 1) for number in numbers])  # (B, 3, H, W)
            maps = self.maps(batch / np.float32(255)).transpose(0, 2, 3, 1)
            features.update(zip(numbers, np.ascontiguousarray(maps), strict=True))
        return [features[number] for number in range(len(photos))]


def _resized(plane: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))


def load_extractor(name: str = "bundled", weights: Path | None = None, device: str = AUTO) -> Extractor:
    """Load an extractor by its name in the registry.

    Args:
        name: of the extractor.
        weights: a local checkpoint to be used instead of the usual one.
        device: see ``chosen_device``; extractors other than the bundled one run in torch on any.

    Raises:
        RaihaError: "unknown-extractor", "weights-missing", "weights-damaged", "hub-unreachable", "no-torch" or
            "no-device".
    """
    info, device = extractor_info(name), chosen_device(device)
    if device == CPU and info.file_format == "bundled":
        from raiha.gallery_tools.extractors.onnx_engine import load_engine

        return Extractor(info, *load_engine(weights))
    require_torch(f"The extractor {name}" if info.file_format != "bundled" else f"The device {device}")
    from raiha.gallery_tools.extractors.torch_extractor import load_torch_extractor

    loaded = load_torch_extractor(name, weights, device)
    return Extractor(info, loaded.engine, lambda: loaded.fingerprint)
