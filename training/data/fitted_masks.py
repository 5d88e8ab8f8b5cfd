"""Snap masks to the photo's edges, as a careful user would draw them.

Most annotated masks are polygons that are a few pixels off. They leave a rim of the object outside, in its true
colours, which gives the recolouring away; a network trained on such masks alone fails on masks that fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.filters import sobel
from skimage.morphology import dilation, disk, erosion
from skimage.segmentation import watershed

_REACH = 3  # pixels by which an edge may move
_LEAST_LEFT = 0.5  # share of the mask; masks that would lose more are too thin and stay unchanged


def _surroundings(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the mask's bounding box, enlarged by as far as an edge can move and be judged."""
    margin = 2 * _REACH + 2
    ends = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, some[0] - margin), some[-1] + 1 + margin) for some in ends)
    return rows, columns


def steepness(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (H, W) how steeply the colours of a photo (H, W, 3) change: the most of CIELAB's three channels."""
    channels = np.moveaxis(rgb2lab(photo), 2, 0)
    steepest: NDArray[np.float64] = np.max([sobel(channel) for channel in channels], axis=0)
    return steepest


def _fitted(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the watershed between the pixels that are certainly inside and those certainly outside."""
    continued = np.pad(mask, _REACH, mode="edge")  # an object at the border continues outside the photo
    inside = erosion(continued, disk(_REACH))[_REACH:-_REACH, _REACH:-_REACH]
    outside = ~dilation(mask, disk(_REACH))
    if not inside.any() or not outside.any():
        return mask
    fitted: NDArray[np.bool_] = watershed(steepness(photo), inside + 2 * outside) == 1
    return fitted


def fitted_mask(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask whose edge follows the photo's own, moved by at most three pixels.

    Args:
        photo: (H, W, 3) uint8 encoded sRGB, a few hundred pixels long.
        mask: (H, W) bool, True = object.

    Returns:
        (H, W) bool; the given mask where the object is too thin.
    """
    if not mask.any():
        return mask
    place = _surroundings(mask)
    result = mask.copy()
    result[place] = _fitted(photo[place], mask[place])
    return result if result.sum() > _LEAST_LEFT * mask.sum() else mask
