"""Haze in a scene: how much of it an object may take on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raiha.backend.pipeline.crops import Crop
from raiha.backend.pipeline.quantile import quantile

_DARKEST = 0.02
"""Share of the surroundings, the darkest pixels, whose light is taken for the haze's: without haze they are black."""

_LEAST = 0.12  # encoded level of those pixels below which there is no haze but the lens's own
_BRIGHT = 0.8  # quantile of the surroundings' luminance that the haze's own brightness is taken from


class Veil(NamedTuple):
    """Haze.

    Attributes:
        most: of it that an object may take on, per cent; 0 in a clear scene.
        colour: encoded sRGB, 0 to 1.
    """

    most: float
    colour: tuple[float, float, float]


CLEAR = Veil(0.0, (0.0, 0.0, 0.0))


def veil_of(crop: Crop) -> Veil:
    """Return the haze of the surroundings that a crop shows.

    A hazy pixel is (1 - v) J + v A of the scene's own light J and the haze's A. Where the scene is darkest, J is about
    0, and what is left is v A.
    """
    outside = crop.composite[crop.mask < 0.01].astype(np.float64)  # (n, 3)
    if len(outside) < 100:
        return CLEAR
    darkest = outside[outside.max(1) <= quantile(outside.max(1), _DARKEST)].mean(0)
    if darkest.min() < _LEAST:
        return CLEAR
    bright = max(quantile(outside.mean(1), _BRIGHT), float(darkest.max()), 1e-3)
    colour = (darkest / darkest.mean() * bright).clip(0, 1)
    share = float((darkest / colour.clip(1e-3)).mean())
    red, green, blue = colour.tolist()
    return Veil(100 * min(share, 0.8), (red, green, blue))
