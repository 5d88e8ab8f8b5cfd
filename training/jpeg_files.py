"""Composites as JPEG files keep them."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

_QUALITY = 70, 98  # iHarmony4's files and what cameras and web sites write


def _read_back(picture: Tensor, quality: int) -> Tensor:
    """A picture (3, H, W) in [0, 1] written as JPEG, its chroma halved, and read."""
    pixels = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(file) as opened:
        return torch.from_numpy(np.array(opened)).permute(2, 0, 1).to(picture.device) / 255


def saved_as_jpeg(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A share of the pictures (B, 3, H, W) in [0, 1] as read back from JPEG files, whose halved chroma smears edges."""
    result = pictures.clone()
    for row in torch.nonzero(torch.rand(len(pictures), generator=generator) < share).flatten().tolist():
        quality = int(torch.randint(_QUALITY[0], _QUALITY[1] + 1, (), generator=generator))
        result[row] = _read_back(pictures[row], quality)
    return result
