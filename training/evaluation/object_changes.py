"""What happened to an object, in a photographer's terms: measures that need no real picture to compare with."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

_BLACK = 2  # percentile of L*


@dataclass(frozen=True)
class ObjectChanges:
    """Measures of one object, after against before.

    Attributes:
        black_lift: by how much the 2nd percentile of L* rose, in units of L* (0 to 100).
        clipping_growth: by how much the share of pixels with a channel at 0 or 255 grew, -1 to 1.
        chroma_ratio: mean chroma in CIELAB after, divided by that before.
        contrast_ratio: standard deviation of L* after, divided by that before.
        colour_difference: mean CIEDE2000 over the object's pixels.
    """

    black_lift: float
    clipping_growth: float
    chroma_ratio: float
    contrast_ratio: float
    colour_difference: float


MEASURES = tuple(field.name for field in fields(ObjectChanges))
"""Names of the measures, in the order of a table's columns."""


def measure_changes(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> ObjectChanges:
    """Compare an object after harmonization with the same object before.

    Args:
        before: (H, W, 3) uint8 encoded sRGB.
        after: (H, W, 3) uint8 encoded sRGB.
        mask: (H, W) bool, True = object; somewhere True.

    Returns:
        Ratios are infinite, or 1 if nothing changed, where the object before was grey or evenly lit.
    """
    pixels = before[mask], after[mask]
    labs = [rgb2lab(some[None])[0] for some in pixels]
    blacks = [float(np.percentile(lab[:, 0], _BLACK)) for lab in labs]
    clipped = [float(((some == 0) | (some == 255)).any(1).mean()) for some in pixels]
    chromas = [float(np.hypot(lab[:, 1], lab[:, 2]).mean()) for lab in labs]
    contrasts = [float(lab[:, 0].std()) for lab in labs]
    return ObjectChanges(
        black_lift=blacks[1] - blacks[0],
        clipping_growth=clipped[1] - clipped[0],
        chroma_ratio=_ratio(*chromas),
        contrast_ratio=_ratio(*contrasts),
        colour_difference=float(deltaE_ciede2000(*labs).mean()),
    )


def _ratio(before: float, after: float) -> float:
    if before == after:
        return 1.0
    return after / before if before else float("inf")
