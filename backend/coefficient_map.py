"""The network's colour transforms, made to follow the picture: from a small grid to any pixel of the layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from backend.tone_curve import Values

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Weights of encoded sRGB's red, green and blue in luminance (Rec. 709 luma)."""

SMOOTHNESS = 0.01
"""Variance of luminance below which a window counts as flat and its coefficients are only averaged."""

PURITY = 32
"""Power of a cell's share of the object in its weight: cells at the edge, half background, count only alone."""

TRACE = 1e-20
"""Weight below which a window holds nothing of the object."""

IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def luminance(colours: Values) -> Values:
    """(3, ...) encoded sRGB to (...) luminance."""
    light: Values = np.einsum("c,c...->...", LUMINANCE, colours)
    return light


def factors(colours: Values) -> Values:
    """(3, ...) encoded sRGB to the (8, ...) that the factors of ``fit_to_guide`` belong to."""
    result = np.empty((8, *colours.shape[1:]), dtype=np.float32)
    result[7] = 1
    result[4:7] = colours
    np.clip(luminance(colours), 0, 1, out=result[3])
    np.multiply(colours, result[3], out=result[:3])
    return result


def fit_to_guide(coefficients: Tensor, guide: Values, mask: Values) -> Values:
    """Write the transforms as local linear functions of luminance: a guided filter inside the object alone.

    In each window of the grid, coefficient - identity = slope * luminance + intercept is fitted over the object's
    pixels, so nothing of the background's transforms reaches the object; slopes and intercepts are then continued
    beyond the object, so interpolation at its edge reads the object's own.

    Args:
        coefficients: (12, h, w) row-major 3x4 transforms of encoded sRGB, all finite.
        guide: (hg, wg, 3) the composite they belong to, encoded sRGB in [0, 1].
        mask: (hm, wm) share of the object in [0, 1].

    Returns:
        (h, 8, 3, w) float32: for each row of the grid eight factors of R', G' and B', which belong to luminance times
        R, G, B and 1, then to R, G, B and 1 (see ``factors``); all 0 for the identity.
    """
    size = (coefficients.shape[1], coefficients.shape[2])
    change = coefficients.double() - torch.tensor(IDENTITY, dtype=torch.float64)[:, None, None]
    light = _resized(luminance(np.moveaxis(guide, 2, 0)), size)
    weight = _resized(mask, size)
    weight = (weight / weight.max()) ** PURITY if weight.any() else torch.ones_like(weight)
    radius = max(1, min(size) // 64)
    share = _box(weight, radius)
    known = share > TRACE
    share = share.clamp(min=TRACE)
    mean_light = _box(weight * light, radius) / share
    mean_change = _box(weight * change, radius) / share
    variance = _box(weight * light * light, radius) / share - mean_light**2
    covariance = _box(weight * light * change, radius) / share - mean_light * mean_change
    slope = covariance / (variance.clamp(min=0) + SMOOTHNESS)
    line = torch.cat([slope, mean_change - slope * mean_light])
    smooth = _box(weight * line, radius) / share
    filled = _continued(smooth, known.to(smooth.dtype)).float()
    ordered = filled.view(2, 3, 4, *size).permute(3, 0, 2, 1, 4).reshape(size[0], 8, 3, size[1])
    model: Values = ordered.contiguous().numpy()
    return model


def _resized(plane: Values, size: tuple[int, int]) -> Tensor:
    return functional.adaptive_avg_pool2d(torch.from_numpy(plane.astype(np.float64))[None], size)


def _box(planes: Tensor, radius: int) -> Tensor:
    return functional.avg_pool2d(planes, 2 * radius + 1, stride=1, padding=radius)


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
