"""Scale down predictions that we do not trust: small changes, and changes that the object's edge does not support."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.network.inference_settings import ConfidenceSettings


def confidence(change: float, agreement: float, settings: ConfidenceSettings) -> float:
    """Return the share of a predicted change to keep, from ``settings.floor`` to 1.

    Args:
        change: mean squared change in the object, in squared 8-bit steps.
        agreement: log of the factor by which the change reduces differences of colour across the object's edge.
        settings: of the checkpoint that predicted the change.
    """
    logit = settings.change * math.log1p(change) + settings.agreement * agreement + settings.intercept
    return settings.floor + (1 - settings.floor) / (1 + math.exp(-logit)) if logit > -700 else settings.floor


def scale_by_confidence(
    coefficients: Tensor, composite: Tensor, mask: Tensor, agreement: float, settings: ConfidenceSettings
) -> Tensor:
    """Move transforms towards the identity as far as the prediction cannot be trusted.

    Where the network hardly sees a difference, what it would change is mostly its own error.

    Args:
        coefficients: (15, h, w) transforms.
        composite: (3, H, W) encoded sRGB in [0, 1], over the same window.
        mask: (H, W) share of the object in [0, 1], somewhere above 0.
        agreement: of the network, see ``confidence``.
        settings: of the checkpoint that predicted the transforms.

    Returns:
        (15, h, w); the identity stays the identity.
    """
    changed = transform_colours(composite[None], coefficients[None])[0].clamp(0, 1)  # (3, H, W)
    squares = ((changed - composite) * 255) ** 2  # (3, H, W)
    change = float((squares * mask).sum() / (3 * mask.sum()))
    identity = torch.tensor(IDENTITY, device=coefficients.device).view(-1, 1, 1)  # (15, 1, 1)
    return identity + confidence(change, agreement, settings) * (coefficients - identity)
