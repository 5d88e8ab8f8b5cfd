"""A tiny extractor with a network of fixed random numbers: the real code around it, the same features everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.extractors.extractor import Extractor, Maps
from raiha.gallery_tools.extractors.registry import ExtractorInfo

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "photos").glob("*.jpg"))

TINY = ExtractorInfo(
    name="tiny",
    dimension=16,
    stride=32,
    input_side=224,
    content_threshold=0.7,
    content_share=0.0,
    appearance_threshold=0.9,
    licence="none",
    source="seed 0",
    architecture="none",
    file_format="bundled",
)


class TinyNetwork:
    """One fixed random convolution over a patch: enough for features that differ between patches."""

    def __init__(self, info: ExtractorInfo) -> None:
        self._side = info.stride
        kernels = np.random.default_rng(0).standard_normal((info.dimension, 3, info.stride, info.stride))
        self._kernels = kernels.astype(np.float32)

    def __call__(self, pictures: Maps) -> Maps:
        count, channels, height, width = pictures.shape
        rows, columns = height // self._side, width // self._side
        patches = pictures.reshape(count, channels, rows, self._side, columns, self._side)
        maps = np.einsum("bcrydx,kcyx->bkrd", 2 * patches - 1, self._kernels, optimize=True)
        return maps / np.linalg.norm(maps, axis=1, keepdims=True)


class CountingExtractor(Extractor):
    """Counts the photos whose features were computed."""

    def __init__(self, info: ExtractorInfo = TINY) -> None:
        super().__init__(info, TinyNetwork(info), lambda: "tiny")
        self.photos = 0

    def content_features(self, photos: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        self.photos += len(photos)
        return super().content_features(photos)
