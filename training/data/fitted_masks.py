"""Masks that fit: their edges drawn to where the photo's colours change most, as careful users draw them.

Most marked objects come with polygons that are a few pixels off, which leaves a rim of the object outside, and such a
rim tells how the object was recoloured. A network that has always had it is lost where a mask fits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.filters import sobel
from skimage.morphology import dilation, disk, erosion
from skimage.segmentation import watershed

_REACH = 3  # pixels by which an edge may move
_LEAST_LEFT = 0.5  # of the mask: what would lose more is too thin, and stays as it is


def _surroundings(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Of the mask, with what lies around it as far as an edge can move and be judged."""
    margin = 2 * _REACH + 2
    ends = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, some[0] - margin), some[-1] + 1 + margin) for some in ends)
    return rows, columns


def steepness(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much the colours of a photo (H, W, 3) change at each place (H, W): of CIELAB's channels the one with most."""
    channels = np.moveaxis(rgb2lab(photo), 2, 0)
    steepest: NDArray[np.float64] = np.max([sobel(channel) for channel in channels], axis=0)
    return steepest


def _fitted(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The watershed between what is inside and outside for certain."""
    continued = np.pad(mask, _REACH, mode="edge")  # beyond the photo, where an object goes on
    inside = erosion(continued, disk(_REACH))[_REACH:-_REACH, _REACH:-_REACH]
    outside = ~dilation(mask, disk(_REACH))
    if not inside.any() or not outside.any():
        return mask
    fitted: NDArray[np.bool_] = watershed(steepness(photo), inside + 2 * outside) == 1
    return fitted


def fitted_mask(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask whose edge follows the photo's own, at most three pixels from where it was.

    Args:
        photo: (H, W, 3) encoded sRGB, some hundred pixels long.
        mask: (H, W).

    Returns:
        (H, W); the same where the object is too thin.
    """
    if not mask.any():
        return mask
    place = _surroundings(mask)
    result = mask.copy()
    result[place] = _fitted(photo[place], mask[place])
    return result if result.sum() > _LEAST_LEFT * mask.sum() else mask
