"""Light that changes over the object: a small map of stops from the network's transforms, and the same at any pixel."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from raiha.backend.pipeline.adjustment import LUMA, MOST_SHADING, Values, decode

LEAST_SHADING = 0.03
"""Stops below which the whole map counts as even."""

TRACE = 1e-20
"""Share of the object below which a cell and its neighbours hold nothing of it."""


def shading_of(coefficients: Tensor, mean: Values, mask: Values) -> NDArray[np.float32] | None:
    """Return how much lighter or darker the transforms leave each place than the object as a whole.

    Cells of the object are averaged with their neighbours, each weighed by its share of the object, and continued
    beyond it, so that interpolation at the object's edge reads nothing of the background's.

    Args:
        coefficients: (15, h, w) transforms of encoded sRGB as ``colour_transform.IDENTITY`` orders them, all finite.
        mean: (3,) the object's mean colour, encoded sRGB.
        mask: (hm, wm) share of the object in [0, 1], over the same window.

    Returns:
        (h, w) float32 stops, mean 0 over the object; None where the object's light is even.
    """
    size = (coefficients.shape[1], coefficients.shape[2])
    share = functional.adaptive_avg_pool2d(torch.from_numpy(mask.astype(np.float64))[None], size)  # (1, h, w)
    if not share.any():
        share = torch.ones_like(share)
    stops = torch.from_numpy(_stops(coefficients.double().numpy(), mean))[None]  # (1, h, w)
    total = _of_neighbours(share)
    smooth = _of_neighbours(share * stops) / total.clamp(min=TRACE)
    filled = _continued(smooth, (total > TRACE).to(smooth.dtype))
    even = filled - (filled * share).sum() / share.sum()
    held = even[0].clamp(-MOST_SHADING, MOST_SHADING).float().numpy()
    return held if float(np.abs(held * (share[0].numpy() > 0)).max()) >= LEAST_SHADING else None


def _stops(coefficients: NDArray[np.float64], mean: Values) -> NDArray[np.float64]:
    """Return (h, w) log2 of the luminance that the mean colour (3,) has after the transform of each cell."""
    rows = coefficients.reshape(3, 5, *coefficients.shape[1:])
    linear = np.einsum("c,rchw->rhw", mean, rows[:, :3]) + rows[:, 3]
    colours = (linear + rows[:, 4] * (mean**2)[:, None, None]).clip(0, 1)  # (3, h, w)
    light = np.einsum("c,chw->hw", LUMA.astype(np.float64), decode(colours))
    stops: NDArray[np.float64] = np.log2(light.clip(1e-3))
    return stops


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


def interpolation_places(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Return (count,) positions of pixels from ``first`` on among a grid's cells over [start, start + length).

    0 is the first cell's centre; pixels beyond the outermost centres are at those.
    """
    pixels = np.arange(first, first + count)
    places: NDArray[np.float64] = ((pixels + 0.5 - start) * (cells / length) - 0.5).clip(0, cells - 1)
    return places


def interpolation_weights(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float32]:
    """Return (count, cells) weights of a grid's cells, of linear interpolation at ``interpolation_places``."""
    places = interpolation_places(first, count, start, length, cells)
    weights = 1 - np.abs(places[:, None] - np.arange(cells))
    return weights.clip(0).astype(np.float32)
