"""How much an object's colours changed, as people see it."""

from __future__ import annotations

import numpy as np
import pyvips

from raiha.backend.colour.tone_curve import Values

LITTLE = 2.0
"""CIEDE2000 below which people see hardly any difference side by side."""


def mean_difference(before: Values, after: Values, mask: Values) -> float:
    """Return the mean CIEDE2000 of two pictures in an object.

    Args:
        before: (h, w, 3) encoded sRGB in [0, 1].
        after: the same.
        mask: (h, w) share of the object, somewhere above 0.
    """
    lab = [_lab(pixels) for pixels in (before, after)]
    difference = lab[0].dE00(lab[1]).numpy()
    return float((difference * mask).sum() / mask.sum())


def _lab(pixels: Values) -> pyvips.Image:
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels * np.float32(65535), dtype=np.float32))
    return image.cast("ushort").copy(interpretation="rgb16").colourspace("lab")
