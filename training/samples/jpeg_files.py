"""Composites as JPEG files keep them, batched on any device; rounding apart, what libjpeg writes and reads."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.training.samples.colour_spaces import mix_channels
from raiha.training.samples.random_draws import some_rows, uniform

_QUALITY = 70, 98  # iHarmony4's files and what cameras and web sites write

# Quantization at quality 50, from the standard's annex K.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(4 * [(99,) * 8]),
)
_RGB_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def _cosines(like: Tensor) -> Tensor:
    """(8, 8) orthonormal cosine transform of a block's side."""
    places = torch.arange(8, device=like.device) + 0.5
    cosines = torch.cos(math.pi / 8 * torch.outer(torch.arange(8, device=like.device), places)) / 2
    cosines[0] /= math.sqrt(2)
    return cosines


def _quantized(planes: Tensor, table: tuple[tuple[int, ...], ...], qualities: Tensor) -> Tensor:
    """Planes (B, C, H, W) in 8-bit steps about 0, block by block in steps of a table, scaled for qualities (B,)."""
    scale = torch.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities).view(-1, 1, 1)
    steps = ((planes.new_tensor(table) * scale + 50) / 100).floor().clamp(1, 255)
    count, channels, height, width = planes.shape
    blocks = planes.reshape(count, channels, height // 8, 8, width // 8, 8)
    cosines, steps = _cosines(planes), steps[:, None, None, :, None, :]
    frequencies = torch.einsum("ui,bcriqj,vj->bcruqv", cosines, blocks, cosines)
    frequencies = (frequencies / steps).round() * steps
    return torch.einsum("ui,bcruqv,vj->bcriqj", cosines, frequencies, cosines).round().reshape(planes.shape)


def read_back(pictures: Tensor, qualities: Tensor) -> Tensor:
    """Pictures written as JPEG, their chroma halved, and read.

    Args:
        pictures: (B, 3, H, W) float32 encoded sRGB in [0, 1].
        qualities: (B,) float32 of each file, 1 to 100.

    Returns:
        Pictures of the same shape, in 8-bit steps.
    """
    height, width = pictures.shape[-2:]
    whole = F.pad(pictures, (0, -width % 16, 0, -height % 16), mode="replicate")  # blocks of halved chroma
    to_ycc = pictures.new_tensor(_RGB_TO_YCC)
    luma, chroma = mix_channels((whole.clamp(0, 1) * 255).round(), to_ycc).tensor_split([1], dim=1)
    luma = _quantized((luma - 128).round(), _LUMA, qualities) + 128
    chroma = _quantized(F.avg_pool2d(chroma, 2).round(), _CHROMA, qualities)
    chroma = F.interpolate(chroma, scale_factor=2.0, mode="bilinear").round()
    ycc = torch.cat([luma.clamp(0, 255), chroma.clamp(-128, 127)], dim=1)[..., :height, :width]
    return mix_channels(ycc, torch.linalg.inv(to_ycc)).round().clamp(0, 255) / 255


def saved_as_jpeg(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Read a share of the pictures (B, 3, H, W) in [0, 1] back from JPEG files, whose halved chroma smears edges."""
    rows = some_rows(pictures, share, generator)
    least, most = _QUALITY
    qualities = uniform(rows, least, most + 1, generator).flatten().floor()
    return pictures.index_copy(0, rows, read_back(pictures[rows], qualities))
