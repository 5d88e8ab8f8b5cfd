"""Foreground, background and the object's surroundings, and what colours they have."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_REACH = 10
"""Part of the picture's side that the surroundings reach out from the object: a tenth."""


def masked_mean(maps: Tensor, weights: Tensor) -> Tensor:
    """(B, C) mean of (B, C, h, w) maps weighted by (B, 1, h, w); 0 where all weights are 0."""
    return (maps * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(1e-3)


def surroundings(mask: Tensor) -> Tensor:
    """(B, 1, h, w) share of each pixel that is background near the object."""
    reach = max(1, mask.shape[-1] // _REACH)
    near = F.max_pool2d(mask, 2 * reach + 1, stride=1, padding=reach)
    return near * (1 - mask)


def regions(mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (B, 1, h, w) of foreground, background and surroundings."""
    return mask, 1 - mask, surroundings(mask)


def colour_statistics(pictures: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
    """Means and deviations of the colours in some regions, each about -1 to 1, as input of a network.

    Args:
        pictures: (B, 3, h, w) encoded sRGB in [0, 1].
        weights: of R regions, (B, 1, h, w) each.

    Returns:
        (B, 6 R).
    """
    statistics = []
    for region in weights:
        mean = masked_mean(pictures, region)
        deviation = (masked_mean((pictures - mean[..., None, None]) ** 2, region) + 1e-6).sqrt()
        statistics += [2 * mean - 1, 4 * deviation - 1]
    return torch.cat(statistics, dim=1)
