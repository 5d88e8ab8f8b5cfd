"""Foreground, background and the object's surroundings, and the statistics of their colours."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

_REACH = 10
"""The surroundings reach this part of the picture's side out from the object: a tenth."""


class Regions(NamedTuple):
    """Weights of each pixel in three regions, (B, 1, h, w) in [0, 1] each."""

    foreground: Tensor
    background: Tensor
    surroundings: Tensor


def masked_mean(maps: Tensor, weights: Tensor) -> Tensor:
    """Return the (B, C) mean of (B, C, h, w) maps weighted by (B, 1, h, w); 0 where all weights are 0."""
    return (maps * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(1e-3)


def surroundings(mask: Tensor) -> Tensor:
    """Return (B, 1, h, w) how far each pixel is background near the object, 0 to 1."""
    reach = max(1, mask.shape[-1] // _REACH)
    near = F.max_pool2d(mask, 2 * reach + 1, stride=1, padding=reach)  # (B, 1, h, w)
    return near * (1 - mask)


def regions(mask: Tensor) -> Regions:
    """Return the regions of a mask (B, 1, h, w), 1 = foreground."""
    return Regions(mask, 1 - mask, surroundings(mask))


def colour_statistics(pictures: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
    """Return means and deviations of the colours in some regions, each scaled to about -1 to 1.

    Args:
        pictures: (B, 3, h, w) encoded sRGB in [0, 1].
        weights: of R regions, (B, 1, h, w) each.

    Returns:
        (B, 6 R).
    """
    statistics = []
    for region in weights:
        mean = masked_mean(pictures, region)  # (B, 3)
        deviation = (masked_mean((pictures - mean[..., None, None]) ** 2, region) + 1e-6).sqrt()  # (B, 3)
        statistics += [2 * mean - 1, 4 * deviation - 1]
    return torch.cat(statistics, dim=1)
