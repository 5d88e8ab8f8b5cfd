"""Prepare the network's colour transforms, on a small grid, for any pixel of the layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.colour.tone_curve import Values
from raiha.backend.network.colour_transform import IDENTITY

TRACE = 1e-20
"""Share of the object below which a cell and its neighbours hold nothing of it."""


def luminance(colours: Values) -> Values:
    """Return the luminance (...) of (3, ...) encoded sRGB."""
    light: Values = np.einsum("c,c...->...", np.array(LUMINANCE, dtype=np.float32), colours)
    return light


def factors(colours: Values, share: Values) -> Values:
    """Return the factors by which a tile's transforms are multiplied.

    Args:
        colours: (3, h, w) encoded sRGB.
        share: (w,) weight of the second half, 0 to 1.

    Returns:
        (h, 14, w) red, green, blue, 1 and the squares of the colours, then these seven times ``share``. Beyond [0, 1]
        the squares continue along their tangents: a parabola would darken what is brighter than white.
    """
    _, height, width = colours.shape
    result = np.empty((height, 14, width), dtype=np.float32)
    by_factor = result.transpose(1, 0, 2)
    by_factor[:3] = colours
    by_factor[3] = 1
    within = np.clip(colours, 0, 1)
    np.multiply(within, 2 * colours - within, out=by_factor[4:7])
    np.multiply(by_factor[:7], share, out=by_factor[7:])
    return result


def object_transforms(coefficients: Tensor, mask: Values) -> Values:
    """Return the transforms of the object alone, so that interpolation never mixes in those of the background.

    Each cell is averaged with its neighbours, weighed by their shares of the object. The result is then extrapolated
    beyond the object, so that interpolation at its edge uses the object's own transforms.

    Args:
        coefficients: (15, h, w) transforms of encoded sRGB as ``IDENTITY`` orders them, all finite.
        mask: (hm, wm) share of the object in [0, 1], over the same window.

    Returns:
        (h, 3, 7, w) float32: for each row of the grid, what R, G, B, 1 and the squares add to R', G' and B'; all 0 for
        the identity.
    """
    size = (coefficients.shape[1], coefficients.shape[2])
    change = coefficients.double() - torch.tensor(IDENTITY, dtype=torch.float64)[:, None, None]  # (15, h, w)
    weight = functional.adaptive_avg_pool2d(torch.from_numpy(mask.astype(np.float64))[None], size)  # (1, h, w)
    if not weight.any():
        weight = torch.ones_like(weight)
    share = _neighbour_means(weight)  # (1, h, w)
    smooth = _neighbour_means(weight * change) / share.clamp(min=TRACE)  # (15, h, w)
    filled = _extrapolated(smooth, (share > TRACE).to(smooth.dtype)).float().view(3, 5, *size)
    squares = torch.eye(3)[..., None, None] * filled[:, 4:]  # (3, 3, h, w)
    transforms: Values = torch.cat([filled[:, :4], squares], dim=1).permute(2, 0, 1, 3).contiguous().numpy()
    return transforms


def _neighbour_means(planes: Tensor) -> Tensor:
    """Return the mean of each cell of (C, h, w) and its eight neighbours; zeros lie beyond the grid."""
    return functional.avg_pool2d(planes, 3, stride=1, padding=1)


def _extrapolated(values: Tensor, known: Tensor) -> Tensor:
    """Fill the unknown cells of a grid from known ones, at the finest scale of a pyramid that has any nearby.

    Args:
        values: (C, h, w).
        known: (1, h, w) 1 where the values are known, else 0.

    Returns:
        (C, h, w).
    """
    if bool(known.all()):
        return values
    share = functional.avg_pool2d(known, 2, ceil_mode=True)  # (1, h / 2, w / 2)
    sums = functional.avg_pool2d(values * known, 2, ceil_mode=True)  # (C, h / 2, w / 2)
    coarse = _extrapolated(sums / share.clamp(min=1e-12), (share > 0).to(values.dtype))
    filling = functional.interpolate(coarse[None], size=values.shape[1:], mode="bilinear")[0]  # (C, h, w)
    return torch.where(known > 0, values, filling)


def bilinear_places(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Locate pixels between the centres of grid cells.

    Args:
        first: the first pixel's position.
        count: of pixels.
        start: where the grid begins, in pixels.
        length: of the grid, in pixels.
        cells: of the grid.

    Returns:
        (count,) in [0, cells - 1]: 0 is the first cell's centre; pixels beyond the outermost centres are placed there.
    """
    pixels = np.arange(first, first + count)
    return ((pixels + 0.5 - start) * (cells / length) - 0.5).clip(0, cells - 1)
