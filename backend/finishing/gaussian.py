"""Gaussian blur of planes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from raiha.backend.colour.tone_curve import Values


def reach(radius: float) -> int:
    """Return how many pixels away a blur of this standard deviation (pixels) still reads."""
    return math.ceil(3 * radius)


@lru_cache(maxsize=16)
def taps(radius: float) -> Values:
    """Return the weights of a blur from the middle outwards, float32: the first of the pixel itself.

    The weights are those that give the blur exactly the variance of a Gaussian of this standard deviation, pixels;
    sampled at whole pixels, a narrow Gaussian would blur less.
    """
    places = np.arange(reach(radius) + 1)
    low, high = 0.0, 2 * radius + 1
    for _ in range(50):  # bisection: the variance grows with the width
        width = (low + high) / 2
        weights = np.exp(-0.5 * (places / max(width, 1e-3)) ** 2)
        total = weights[0] + 2 * weights[1:].sum()
        if 2 * (weights * places**2).sum() / total < radius**2:
            low = width
        else:
            high = width
    normal: Values = (weights / total).astype(np.float32)
    return normal


def blurred(planes: Values, radius: float) -> Values:
    """Return (..., h, w) float32 planes blurred by a standard deviation in pixels; borders are repeated."""
    weights = taps(radius)
    result = np.empty_like(planes)
    for place in np.ndindex(planes.shape[:-2]):  # plane by plane: each fits the processor's cache
        result[place] = _along(_along(planes[place], weights, -2), weights, -1)
    return result


def _along(planes: Values, weights: Values, axis: int) -> Values:
    count, size = len(weights) - 1, planes.shape[axis]
    pad = [(0, 0)] * planes.ndim
    pad[axis] = (count, count)
    padded = np.pad(planes, pad, mode="edge")

    def shifted(step: int) -> Values:
        index = [slice(None)] * planes.ndim
        index[axis] = slice(count + step, count + step + size)
        return padded[tuple(index)]

    result: Values = planes * weights[0]
    pair = np.empty_like(result)
    for step in range(1, count + 1):
        np.add(shifted(step), shifted(-step), out=pair)
        pair *= weights[step]
        result += pair
    return result
