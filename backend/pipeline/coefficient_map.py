"""The network's colour transforms: from a small grid to any pixel of the layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from raiha.backend.colour.tone_curve import Values
from raiha.backend.network.colour_transform import IDENTITY

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Weights of encoded sRGB's red, green and blue in luminance (Rec. 709 luma)."""

TRACE = 1e-20
"""Share of the object below which a cell and its neighbours hold nothing of it."""


def luminance(colours: Values) -> Values:
    """(3, ...) encoded sRGB to (...) luminance."""
    light: Values = np.einsum("c,c...->...", LUMINANCE, colours)
    return light


def factors(colours: Values, share: Values) -> Values:
    """What a tile's transforms are multiplied by.

    Args:
        colours: (3, h, w) encoded sRGB.
        share: (w,) by which the second half counts.

    Returns:
        (h, 14, w) red, green, blue, 1 and the squares of the colours, which go on straight beyond [0, 1]: a parabola
        would turn what is brighter than white around. Then these times ``share``.
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
    """The transforms of the object alone: nothing of the background's reaches it when they are interpolated.

    Each is averaged with its neighbours, every one weighed by its share of the object; those of the object are then
    continued beyond it, so interpolation at its edge reads the object's own.

    Args:
        coefficients: (15, h, w) transforms of encoded sRGB as ``IDENTITY`` orders them, all finite.
        mask: (hm, wm) share of the object in [0, 1], over the same window.

    Returns:
        (h, 3, 7, w) float32: for each row of the grid what is added to R', G' and B' for R, G, B, 1, and their squares;
        all 0 for the identity.
    """
    size = (coefficients.shape[1], coefficients.shape[2])
    change = coefficients.double() - torch.tensor(IDENTITY, dtype=torch.float64)[:, None, None]
    weight = functional.adaptive_avg_pool2d(torch.from_numpy(mask.astype(np.float64))[None], size)
    if not weight.any():
        weight = torch.ones_like(weight)
    share = _of_neighbours(weight)
    smooth = _of_neighbours(weight * change) / share.clamp(min=TRACE)
    filled = _continued(smooth, (share > TRACE).to(smooth.dtype)).float().view(3, 5, *size)
    squares = torch.eye(3)[..., None, None] * filled[:, 4:]
    transforms: Values = torch.cat([filled[:, :4], squares], dim=1).permute(2, 0, 1, 3).contiguous().numpy()
    return transforms


def _of_neighbours(planes: Tensor) -> Tensor:
    return functional.avg_pool2d(planes, 3, stride=1, padding=1)


def _continued(values: Tensor, known: Tensor) -> Tensor:
    """Fill what is not known (0) from what is (1), nearest scale first: averages go down a pyramid, fillings up."""
    if bool(known.all()):
        return values
    share = functional.avg_pool2d(known, 2, ceil_mode=True)
    sums = functional.avg_pool2d(values * known, 2, ceil_mode=True)
    coarse = _continued(sums / share.clamp(min=1e-12), (share > 0).to(values.dtype))
    filling = functional.interpolate(coarse[None], size=values.shape[1:], mode="bilinear")[0]
    return torch.where(known > 0, values, filling)


def bilinear_places(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Where ``count`` pixels from ``first`` on lie between the centres of grid cells over [start, start + length).

    Returns:
        (count,) in [0, cells - 1]: 0 is the first cell's centre; pixels beyond the outermost centres lie on those.
    """
    pixels = np.arange(first, first + count)
    return ((pixels + 0.5 - start) * (cells / length) - 0.5).clip(0, cells - 1)
