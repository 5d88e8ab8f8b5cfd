"""Small changes shrink: where the network hardly sees a difference, what it would change is mostly its own error."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.network.harmonizer import IDENTITY, transform_colours

HALF = 45.0
"""Mean squared change, in 8-bit steps, of which half is left. Fitted on the val split (docs/figures.md)."""


def shrink_small_changes(coefficients: Tensor, composite: Tensor, mask: Tensor) -> Tensor:
    """Weighs a predicted change by its own size: by c^2 / (c^2 + HALF^2), c its mean square in the object.

    Args:
        coefficients: (12, h, w) affine transforms.
        composite: (3, H, W) encoded sRGB in [0, 1], the window that they belong to.
        mask: (H, W) share of the object in [0, 1], somewhere above 0.

    Returns:
        (12, h, w), the same for a change of nothing.
    """
    changed = transform_colours(composite[None], coefficients[None])[0].clamp(0, 1)
    squares = ((changed - composite) * 255) ** 2
    change = (squares * mask).sum() / (3 * mask.sum())
    identity = torch.tensor(IDENTITY, device=coefficients.device).view(12, 1, 1)
    return identity + change**2 / (change**2 + HALF**2) * (coefficients - identity)
