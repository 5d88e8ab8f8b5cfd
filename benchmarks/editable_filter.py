"""How well GIMP's Levels can stand for an adjustment's curves; prints one JSON object.

    .venv/bin/python benchmarks/editable_filter.py

Of the filters that a GIMP plug-in can add to a layer, Levels comes nearest to a tone curve: black, white and gamma for
each channel, and the range that comes out. Its five numbers are fitted to the curve of single adjustments, free of
rounding, so that the largest error over all 256 values is as small as least squares of a high power make it.
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.curves import Curves

ADJUSTMENTS = {
    "exposure +0.5 EV": Adjustment(exposure=0.5),
    "exposure -0.5 EV": Adjustment(exposure=-0.5),
    "contrast +15 %": Adjustment(contrast=15),
    "contrast -15 %": Adjustment(contrast=-15),
    "exposure -0.3 EV, contrast +12 %, brightness +5 %": Adjustment(exposure=-0.3, contrast=12, brightness=5),
}
POWERS = (1, 4, 10)
"""Of the errors whose squares are summed: from the mean to the largest."""
FIRST_GAMMAS = (-0.5, 0.0, 0.5)
"""Logarithms of the gammas from which the fits begin."""
LIMITS = ([-0.5, 0.5, -2.0, -0.3, 0.3], [0.4, 2.0, 2.0, 0.5, 1.5])

Values = NDArray[np.float64]


def levels(numbers: Values, values: Values) -> Values:
    """Return values (n,) in [0, 1] after Levels: black, white, log of gamma, and both ends of what comes out."""
    black, white, gamma, low, high = numbers
    inside = np.clip((values - black) / max(white - black, 1e-3), 0, 1)
    result: Values = low + (high - low) * inside ** (1 / np.exp(gamma))
    return result


def largest_error(adjustment: Adjustment) -> float:
    """Return the error of the best fit in 8-bit levels."""
    curve = Curves.of(adjustment, 255).values[0, 0].astype(np.float64)
    values = np.linspace(0, 1, 256)
    best = float("inf")
    for gamma in FIRST_GAMMAS:
        numbers = np.array([0.0, 1.0, gamma, 0.0, 1.0])
        for power in POWERS:
            numbers = least_squares(
                lambda found, power=power: (25.5 * np.abs(levels(found, values) - curve)) ** power,
                numbers,
                bounds=LIMITS,
            ).x
        best = min(best, 255 * float(np.abs(levels(numbers, values) - curve).max()))
    return best


def main() -> None:
    """Print the largest error for each adjustment, in levels of 8 bit."""
    print(json.dumps({name: round(largest_error(adjustment), 1) for name, adjustment in ADJUSTMENTS.items()}))


if __name__ == "__main__":
    main()
