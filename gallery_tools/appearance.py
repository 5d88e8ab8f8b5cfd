"""Appearance: how the light paints each patch of a photo, as HSV histograms (formula 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HUE_BINS = 12
SATURATION_BINS = 4
VALUE_BINS = 8
BINS = HUE_BINS + SATURATION_BINS + VALUE_BINS
"""In this order: hue (red first, 30 degrees apart), saturation (0 to 1), value (0 to 1)."""

_LEVELS = 256
_HUE_WEIGHT = 2.0


def _shares(place: NDArray[np.float64], bins: int, *, circular: bool = False) -> NDArray[np.float32]:
    """How levels at places from 0 to 1 share their votes between the two nearest bins: (levels, bins)."""
    distance = np.abs(place[:, None] * (bins if circular else bins - 1) - np.arange(bins))
    if circular:
        distance = np.minimum(distance, bins - distance)
    shares: NDArray[np.float32] = np.maximum(0, 1 - distance).astype(np.float32)
    return shares


# Pillow rounds hue and saturation down to a level, so what they were lies half a level above on average.
_ROUNDED_DOWN = np.minimum((np.arange(_LEVELS) + 0.5) / (_LEVELS - 1), 1.0)
_HUE_SHARES = _shares(_ROUNDED_DOWN, HUE_BINS, circular=True)
_SATURATION_SHARES = _shares(_ROUNDED_DOWN, SATURATION_BINS)
_VALUE_SHARES = _shares(np.linspace(0, 1, _LEVELS), VALUE_BINS)


def hsv_histograms(photo: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Return the appearance a of every patch of a photo (formula 4).

    A histogram is three side by side: of hue, where a pixel's vote weighs twice its saturation times value, so
    that grey pixels, whose hue is noise, have none; of saturation, where it weighs value, so that black pixels
    have none; and of value, where each pixel has one vote. A vote is shared between the two nearest bins in
    proportion, so that a small change of a pixel is a small change of the histogram.

    Args:
        photo: (H, W, 3) uint8 encoded sRGB.
        grid: rows and columns of patches that tile the photo. Of a photo with fewer pixels than patches in a
            direction, pixels count for several patches.

    Returns:
        (rows, columns, BINS) float32, not negative, unit length: a dot product is the cosine of formula 5.
    """
    photo = _at_least(photo, grid)
    hsv = np.asarray(Image.fromarray(photo).convert("HSV")).reshape(-1, 3)
    hue, saturation, value = np.ascontiguousarray(hsv.T)
    first_level = _first_level_of_pixels(photo.shape[:2], grid)
    brightness = value / np.float32(_LEVELS - 1)
    chroma = saturation * brightness / np.float32(_LEVELS - 1)
    parts = (
        _HUE_WEIGHT * _votes_per_level(first_level + hue, chroma, grid) @ _HUE_SHARES,
        _votes_per_level(first_level + saturation, brightness, grid) @ _SATURATION_SHARES,
        _votes_per_level(first_level + value, None, grid) @ _VALUE_SHARES,
    )
    histograms: NDArray[np.float32] = np.concatenate(parts, axis=-1)
    histograms /= np.linalg.norm(histograms, axis=-1, keepdims=True)
    return histograms


def _at_least(photo: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the photo, its rows and columns repeated where there are fewer than patches."""
    for axis, (pixels, patches) in enumerate(zip(photo.shape[:2], grid, strict=True)):
        if pixels < patches:
            photo = photo.take(np.arange(patches) * pixels // patches, axis=axis)
    return photo


def _first_level_of_pixels(size: tuple[int, int], grid: tuple[int, int]) -> NDArray[np.int64]:
    """(H * W,): where the votes of each pixel's patch begin in a list of all patches' levels."""
    rows, columns = (np.arange(pixels) * patches // pixels for pixels, patches in zip(size, grid, strict=True))
    return np.add.outer(rows * (grid[1] * _LEVELS), columns * _LEVELS).ravel()


def _votes_per_level(
    place: NDArray[np.int64], weight: NDArray[np.float32] | None, grid: tuple[int, int]
) -> NDArray[np.float32]:
    """(rows, columns, levels): the summed weight of the pixels of each patch and level."""
    votes = np.bincount(place, weight, minlength=grid[0] * grid[1] * _LEVELS)
    return votes.astype(np.float32).reshape(*grid, _LEVELS)
