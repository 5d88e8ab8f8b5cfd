"""Doubtful changes shrink: small ones, and those that bring what is seen on both sides of the edge no closer."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from raiha.backend.network.colour_transform import IDENTITY, transform_colours

SIZE, AGREEMENT, DOUBT = 2.2, 8.0, 10.5
"""Of the logistic regression that weighs a change. Chosen on the val split (docs/figures.md)."""

LEAST = 0.1
"""Weight of the most doubtful change: a little of it is right more often than wrong. Chosen with the others."""


def weight_of(change: float, agreement: float) -> float:
    """How much of a change is worth keeping, from LEAST to 1.

    Args:
        change: mean squared change in the object, in 8-bit steps.
        agreement: log of how many times closer it brings what is seen on both sides of the edge.
    """
    worth = SIZE * math.log1p(change) + AGREEMENT * agreement - DOUBT
    return LEAST + (1 - LEAST) / (1 + math.exp(-worth)) if worth > -700 else LEAST


def shrink_doubtful_changes(coefficients: Tensor, composite: Tensor, mask: Tensor, agreement: float) -> Tensor:
    """Keeps as much of a predicted change as ``weight_of`` says.

    Where the network hardly sees a difference, what it would change is mostly its own error.

    Args:
        coefficients: (15, h, w) transforms.
        composite: (3, H, W) encoded sRGB in [0, 1], the window that they belong to.
        mask: (H, W) share of the object in [0, 1], somewhere above 0.
        agreement: as the network judges it.

    Returns:
        (15, h, w), the same for a change of nothing.
    """
    changed = transform_colours(composite[None], coefficients[None])[0].clamp(0, 1)
    squares = ((changed - composite) * 255) ** 2
    change = float((squares * mask).sum() / (3 * mask.sum()))
    identity = torch.tensor(IDENTITY, device=coefficients.device).view(-1, 1, 1)
    return identity + weight_of(change, agreement) * (coefficients - identity)
