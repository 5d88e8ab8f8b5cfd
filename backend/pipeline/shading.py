"""Light that changes over the object: a small map of stops from the network's transforms, and the same at any pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raiha.backend.pipeline.adjustment import LUMA, MOST_SHADING, Values, decode
from raiha.backend.pipeline.interpolation import grid_places, grid_weights, resized

LEAST_SHADING = 0.03
"""Stops below which the whole map counts as even."""

TRACE = 1e-20
"""Share of the object below which a cell and its neighbours hold nothing of it."""


def shading_of(coefficients: NDArray[np.float32], mean: Values, mask: Values) -> NDArray[np.float32] | None:
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
    share = _cell_means(mask.astype(np.float64), coefficients.shape[1:])  # (h, w)
    if not share.any():
        share = np.ones_like(share)
    stops = _stops(coefficients.astype(np.float64), mean)  # (h, w)
    total = _of_neighbours(share)
    smooth = _of_neighbours(share * stops) / total.clip(TRACE)
    filled = _continued(smooth, (total > TRACE).astype(np.float64))
    even = filled - (filled * share).sum() / share.sum()
    held = even.clip(-MOST_SHADING, MOST_SHADING).astype(np.float32)
    return held if float(np.abs(held * (share > 0)).max()) >= LEAST_SHADING else None


def _cell_means(plane: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the means of a plane over size[0] x size[1] cells, which share a pixel where they do not divide it."""
    for axis, cells in enumerate(size):
        length = plane.shape[axis]
        begins, ends = (np.arange(cells) * length // cells, -(-np.arange(1, cells + 1) * length // cells))
        sums = np.insert(plane.cumsum(axis), 0, 0, axis)
        widths = (ends - begins).reshape(-1, *[1] * (1 - axis))
        plane = (sums.take(ends, axis) - sums.take(begins, axis)) / widths
    return plane


def _stops(coefficients: NDArray[np.float64], mean: Values) -> NDArray[np.float64]:
    """Return (h, w) log2 of the luminance that the mean colour (3,) has after the transform of each cell."""
    rows = coefficients.reshape(3, 5, *coefficients.shape[1:])
    linear = np.einsum("c,rchw->rhw", mean, rows[:, :3]) + rows[:, 3]
    colours = (linear + rows[:, 4] * (mean**2)[:, None, None]).clip(0, 1)  # (3, h, w)
    light = np.einsum("c,chw->hw", LUMA.astype(np.float64), decode(colours))
    stops: NDArray[np.float64] = np.log2(light.clip(1e-3))
    return stops


def _of_neighbours(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each cell's mean with its eight neighbours; beyond the plane lie zeros."""
    padded = np.pad(plane, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: NDArray[np.float64] = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return mean


def _continued(values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill what is not known (0) from what is (1), nearest scale first: averages go down a pyramid, fillings up."""
    if known.all():
        return values
    share = _halved(known)
    coarse = _continued(_halved(values * known) / share.clip(1e-12), (share > 0).astype(np.float64))
    return np.where(known > 0, values, resized(coarse, values.shape))


def _halved(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of a plane's squares of 2 x 2 cells; the last row and column may stand alone."""
    rows = np.add.reduceat(plane, np.arange(0, plane.shape[0], 2), axis=0)
    sums: NDArray[np.float64] = np.add.reduceat(rows, np.arange(0, plane.shape[1], 2), axis=1)
    return sums


def interpolation_places(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Return (count,) positions of pixels from ``first`` on among a grid's cells, see ``grid_places``."""
    return grid_places(np.arange(first, first + count) + 0.5, start, length, cells)


def interpolation_weights(first: int, count: int, start: int, length: int, cells: int) -> NDArray[np.float32]:
    """Return (count, cells) weights of a grid's cells, of linear interpolation at ``interpolation_places``."""
    return grid_weights(np.arange(first, first + count) + 0.5, start, length, cells)
