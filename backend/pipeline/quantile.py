"""Quantiles without the modules that NumPy's own function loads, which take longer than most requests' quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantile(values: NDArray[np.floating[Any]], share: float) -> float:
    """Return the value below which a share of values (n,) lies, between the nearest two as ``np.quantile`` does."""
    place = share * (len(values) - 1)
    lower = int(place)
    upper = min(lower + 1, len(values) - 1)
    ordered = np.partition(values, (lower, upper))
    return float(ordered[lower] + (place - lower) * (ordered[upper] - ordered[lower]))
