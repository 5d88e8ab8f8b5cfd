"""A tiny extractor with a network of fixed random numbers: the real code around it, the same features everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.gallery_tools.extractors.extractor import Extractor
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


class TinyNetwork(nn.Module):
    """One fixed random convolution over a patch: enough for features that differ between patches."""

    def __init__(self, info: ExtractorInfo) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        shape = (info.dimension, 3, info.stride, info.stride)
        self.kernels = nn.Parameter(torch.randn(shape, generator=generator), requires_grad=False)

    def forward(self, photos: Tensor) -> Tensor:
        return F.normalize(F.conv2d(photos, self.kernels, stride=self.kernels.shape[-1]), dim=1)


class CountingExtractor(Extractor):
    """Counts the photos whose features were computed."""

    def __init__(self, info: ExtractorInfo = TINY) -> None:
        super().__init__(info, TinyNetwork(info))
        self.photos = 0

    def content_features(self, photos: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        self.photos += len(photos)
        return super().content_features(photos)
