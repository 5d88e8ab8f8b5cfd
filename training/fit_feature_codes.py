"""Fits the short codes by which galleries keep the features of their photos, and writes the file that is shipped.

``python -m raiha.training.fit_feature_codes FOLDER --out gallery_tools/weights/feature_codes.safetensors`` takes
patches of the photos in FOLDER: 100 of each. A gallery keeps the codes that it was made with, so a new file concerns
new galleries only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from raiha.gallery_tools.appearance import hsv_histograms
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.photo_folders import find_photos
from raiha.gallery_tools.photos import load_photo

CONTENT_PARTS = 21
APPEARANCE_PARTS = 6
_PATCHES_A_PHOTO = 100


def fitted(vectors: NDArray[np.float32], parts: int) -> dict[str, NDArray[np.float32]]:
    """Return what ``FeatureCodes`` needs to code vectors like these (M, d), in so many bytes."""
    # What does not divide evenly is left out: the channels that vary least.
    kept = vectors.shape[1] // parts * parts
    channels = np.sort(np.argsort(-vectors.var(0))[:kept])
    turn = np.eye(vectors.shape[1], dtype=np.float32)[:, channels]
    quantizer = faiss.ProductQuantizer(kept, parts, 8)
    quantizer.train(np.ascontiguousarray(vectors @ turn))
    centroids = faiss.vector_to_array(quantizer.centroids).reshape(parts, 256, kept // parts)
    return {"turn": turn, "centroids": centroids}


def _patches(folder: Path, extractor: Extractor) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield content and appearance of some patches of each photo."""
    draw = np.random.default_rng(0)
    for path in find_photos([folder]):
        pixels = extractor.resize(load_photo(path, extractor.info.input_side))
        content = extractor.content_features([pixels])[0]
        appearance = hsv_histograms(pixels, (content.shape[0], content.shape[1]))
        some = draw.permutation(content.shape[0] * content.shape[1])[:_PATCHES_A_PHOTO]
        yield content.reshape(-1, content.shape[-1])[some], appearance.reshape(-1, appearance.shape[-1])[some]


def main() -> None:
    """Write the file; arguments as above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    extractor = load_extractor()
    contents, appearances = zip(*_patches(arguments.folder, extractor), strict=True)
    codes = {
        extractor.info.name: fitted(np.concatenate(contents), CONTENT_PARTS),
        "appearance": fitted(np.concatenate(appearances), APPEARANCE_PARTS),
    }
    save_file(
        {f"{name}.{part}": array for name, arrays in codes.items() for part, array in arrays.items()}, arguments.out
    )


if __name__ == "__main__":
    main()
