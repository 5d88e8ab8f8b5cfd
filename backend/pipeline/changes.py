"""Changes of colours, (3, h, w) in encoded sRGB: what of them is kept, and how far they may go."""

from __future__ import annotations

import numpy as np

from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.adjustment import LUMA
from raiha.backend.pipeline.request import Only


def keep_only(change: Values, only: Only) -> None:
    """Leave nothing of a change (3, h, w) but its colour, or its luminance."""
    luminance = np.einsum("c,chw->hw", LUMA, change)
    if only == "colour":
        change -= luminance
    else:
        change[:] = luminance


def limit(change: Values, colours: Values, white: float = 1.0) -> None:
    """Let no change end beyond 0 and white, or farther beyond it than the pixel was: the mask mixes what is left."""
    change += colours
    np.clip(change, np.minimum(colours, 0), np.maximum(colours, white), out=change)
    change -= colours
