"""The adjustment that changes an object's colours as the network's transforms do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from raiha.backend.pipeline.adjustment import LIMITS, UNITS, Adjustment, Values, adjusted
from raiha.backend.pipeline.crops import Crop
from raiha.backend.pipeline.haze import CLEAR, Veil, veil_of
from raiha.backend.pipeline.interpolation import resized
from raiha.backend.pipeline.shading import shading_of
from raiha.gallery_tools.errors import RaihaError

_PIXELS = 400
"""Of the object, evenly spread over its luminance, by which the adjustment is fitted."""

_MOST_ROUNDS = 12
_ENOUGH = 1e-4  # relative gain of a round below which the fit is done
_DIFFERENCE = 1e-3  # of each number, by which its slope is measured
_HOLD = 0.002
"""What an EV, or a hundred per cent, costs by itself: colours alone hardly tell brightness from exposure."""


def adjustment_of(coefficients: NDArray[np.float32], crop: Crop) -> Adjustment:
    """Return the adjustment that is closest to the network's transforms on the object's own pixels.

    Args:
        coefficients: (15, h, w) transforms of encoded sRGB over the crop's window.
        crop: the object in its surroundings.

    Raises:
        RaihaError: "bad-coefficients".
    """
    if not np.isfinite(coefficients).all():
        raise RaihaError(
            "bad-coefficients",
            "The network's answer is not a number.",
            "Check its weights with `raiha doctor`; the layer was left as it is.",
        )
    picture = np.ascontiguousarray(crop.composite.transpose(2, 0, 1))  # (3, H, W)
    wanted = _transformed(picture, coefficients).clip(0, 1)
    places = _some_pixels(picture, crop.mask)
    before, after = (plane.reshape(3, -1)[:, places].astype(np.float64) for plane in (picture, wanted))
    weights = crop.mask.ravel()[places]
    mean = (before * weights).sum(1) / weights.sum()
    shading = shading_of(coefficients, mean, crop.mask)
    stops: Values | float = 0.0
    if shading is not None:
        stops = shading_over(shading, crop.mask.shape).ravel()[places].astype(np.float64)
    fitted = fit_adjustment(before, after, weights, stops, veil_of(crop))
    return replace(fitted, shading=shading)


def _transformed(picture: Values, coefficients: NDArray[np.float32]) -> Values:
    """Return a picture (3, H, W) after transforms (15, h, w), as the network's ``transform_colours`` does it."""
    rows = resized(coefficients, picture.shape[1:]).reshape(3, 5, *picture.shape[1:])
    linear: Values = np.einsum("rchw,chw->rhw", rows[:, :3], picture)
    return linear + rows[:, 3] + rows[:, 4] * picture**2


def shading_over(shading: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a map of stops (h, w) at another size (H, W) over the same window."""
    return resized(shading, size)


def _some_pixels(picture: Values, mask: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the numbers of at most ``_PIXELS`` pixels of the object, evenly spread over its luminance."""
    inside = np.flatnonzero(mask >= min(0.5, float(mask.max())))
    order = inside[np.argsort(picture.reshape(3, -1)[:, inside].mean(0), kind="stable")]
    count = min(len(order), _PIXELS)
    spread: NDArray[np.intp] = order[((np.arange(count) + 0.5) * len(order) / count).astype(np.intp)]
    return spread


def fit_adjustment(
    before: Values, after: Values, weights: Values, shading: Values | float = 0.0, veil: Veil = CLEAR
) -> Adjustment:
    """Fit by least squares (Levenberg and Marquardt), the numbers held near 0 where colours do not decide.

    Args:
        before: (3, n) encoded sRGB in [0, 1].
        after: (3, n) what these become.
        weights: (n,) at least 0, not all 0.
        shading: (n,) EV of each pixel, taken as given.
        veil: of the scene.
    """
    names = [name for name in LIMITS if name != "veil" or veil.most > 0]
    scales = np.array([1.0 if UNITS[name] == "EV" else 100.0 for name in names])
    low, high = (np.array([LIMITS[name][end] for name in names]) / scales for end in (0, 1))
    if veil.most > 0:
        high[-1] = veil.most / 100
    root = np.sqrt(weights / weights.sum())

    def made(numbers: NDArray[np.float64]) -> Adjustment:
        values = dict(zip(names, (numbers * scales).tolist(), strict=True))
        return Adjustment(**values, veil_colour=veil.colour)

    def residuals(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        off = (adjusted(before, made(numbers), shading) - after) * root
        return np.concatenate([off.ravel(), _HOLD * numbers])

    numbers, damping = np.zeros(len(names)), 1e-3
    error = residuals(numbers)
    steps = _DIFFERENCE * np.eye(len(names))
    for _ in range(_MOST_ROUNDS):
        slopes = np.stack([(residuals(numbers + step) - error) / _DIFFERENCE for step in steps], axis=1)
        normal = slopes.T @ slopes
        move = np.linalg.solve(normal + damping * np.diag(normal.diagonal() + 1e-9), -slopes.T @ error)
        tried = np.clip(numbers + move, low, high)
        found, gained = residuals(tried), error @ error
        if found @ found >= gained:
            damping *= 8
            continue
        numbers, error, damping = tried, found, damping / 5
        if found @ found > (1 - _ENOUGH) * gained:
            break
    return made(numbers)
