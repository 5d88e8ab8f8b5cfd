"""Drawn test pairs: a ball in front of stripes, darkened in the composite by a quarter."""

from __future__ import annotations

import numpy as np

from raiha.backend.evaluation import PairPixels


def ball_pair(height: int, width: int, *, seed: int = 0, radius: float = 0.25) -> PairPixels:
    """Draw a pair in whole numbers, so that it is the same on every machine.

    Args:
        height: in pixels.
        width: in pixels.
        seed: of the texture.
        radius: of the ball as a share of the shorter side.
    """
    y, x = np.mgrid[:height, :width]
    texture = np.random.default_rng(seed).integers(0, 24, (height, width, 3))
    stripes = np.stack([90 + (x + y) % 97, 60 + (2 * x) % 113, 120 + (x * y) % 71], 2)
    ball = np.stack([200 - y % 40, 90 + x % 50, 40 + (x + 2 * y) % 60], 2)
    mask = (y - height // 2) ** 2 + (x - width // 2) ** 2 < (radius * min(height, width)) ** 2
    real = np.where(mask[..., None], ball, stripes) + texture
    composite = np.where(mask[..., None], real * 3 // 4, real)
    return PairPixels(composite.astype(np.uint8), real.astype(np.uint8), mask)
