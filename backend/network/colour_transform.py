"""The colour transform of a place: affine, plus a parabola for each channel to follow tone curves."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
"""The transform that changes nothing, row-major 3x5: rows R', G', B'; columns R, G, B, 1, and the square of the row's
own channel."""

_MOST_BENT = 0.9
"""Share of the slope at the mean that a bend may take away at 0 or 1."""


def about_mean(gains: Tensor, shift: Tensor, bend: Tensor, mean: Tensor) -> Tensor:
    """Return transforms that map p to p + gains (p - mean) + shift + bend (p - mean)^2.

    They turn about the foreground's mean colour, so that contrast, shift and curve are learned apart. Bends are limited
    so that each channel still rises from 0 to 1.

    Args:
        gains: (B, 3, 3, h, w).
        shift: (B, 3, h, w).
        bend: (B, 3) of each channel.
        mean: (B, 3) encoded sRGB.

    Returns:
        (B, 15, h, w) as ``IDENTITY`` orders them.
    """
    slope = 1 + gains.diagonal(dim1=1, dim2=2).amin((1, 2))  # (B, 3)
    limit = _MOST_BENT * slope.clamp_min(0) / (2 * torch.maximum(mean, 1 - mean))  # (B, 3)
    bend = bend.clamp(-limit, limit)
    offset = shift - (gains * mean.view(-1, 1, 3, 1, 1)).sum(2) + (bend * mean.square())[..., None, None]
    gains = gains - 2 * torch.diag_embed(bend * mean)[..., None, None]  # (B, 3, 3, h, w)
    squares = bend[..., None, None].expand_as(shift)  # (B, 3, h, w)
    change = torch.cat([gains, offset.unsqueeze(2), squares.unsqueeze(2)], dim=2).flatten(1, 2)  # (B, 15, h, w)
    return change + torch.tensor(IDENTITY, device=change.device, dtype=change.dtype).view(1, -1, 1, 1)


def transform_colours(pictures: Tensor, coefficients: Tensor) -> Tensor:
    """Apply colour transforms at the pictures' size.

    Args:
        pictures: (B, 3, H, W) encoded sRGB in [0, 1].
        coefficients: (B, 15, h, w), upsampled bilinearly when smaller.

    Returns:
        (B, 3, H, W), not clipped.
    """
    full = F.interpolate(coefficients, size=pictures.shape[-2:], mode="bilinear", align_corners=False)  # (B, 15, H, W)
    rows = full.reshape(len(full), 3, 5, *full.shape[2:])  # (B, 3, 5, H, W)
    transformed: Tensor = (rows[:, :, :3] * pictures.unsqueeze(1)).sum(2) + rows[:, :, 3]  # (B, 3, H, W)
    return transformed + rows[:, :, 4] * pictures.square()
