"""Continue colours from where they are known to their neighbourhood, from coarse to fine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.tone_curve import Values

LEVELS = 3
"""Halvings of the pyramid."""

CELL = 1 << LEVELS
"""Pixels of a side of the coarsest level's cells. A window that begins at a multiple of it has the same cells as any
other such window."""

SUPPORT = 2 * CELL
"""Pixels by which a window must be larger on each side for a result that does not depend on the window."""

_TRUST = 16.0
"""Known share of a cell, as a divisor, from which on the cell's own mean counts in full."""


def continued(values: Values, weights: Values) -> tuple[Values, NDArray[np.bool_]]:
    """Return values continued into places of little weight.

    Weighted averages go down a pyramid, and what is missing in each level comes from the next coarser one, as in the
    multi-level foreground estimation of Germer et al. (2020).

    Args:
        values: (C, h, w) float32; h and w are multiples of ``CELL``.
        weights: (h, w) float32 in [0, 1], how well each value is known.

    Returns:
        (C, h, w) values, and (h, w) where there are any: known places lie up to ``CELL`` pixels away.
    """
    levels = [(values * weights, weights[None])]
    for _ in range(LEVELS):
        sums, shares = levels[-1]
        levels.append((_halved(sums), _halved(shares)))
    sums, shares = levels[-1]
    found: Values = (shares > 0).astype(np.float32)
    result: Values = sums / np.maximum(shares, np.float32(1e-6))
    for sums, shares in reversed(levels[:-1]):
        coarse_found = _doubled(found)
        coarse = _doubled(result * found) / np.maximum(coarse_found, 1e-6)
        trust = np.minimum(_TRUST * shares, 1)
        trust = np.where(coarse_found > 0, trust, np.float32(1))
        result = coarse + trust * (sums / np.maximum(shares, 1e-6) - coarse)
        found = ((coarse_found > 0) | (shares > 0)).astype(np.float32)
    return result, found[0] > 0


def _halved(values: Values) -> Values:
    """Return (C, h / 2, w / 2) means."""
    rows = values[:, ::2] + values[:, 1::2]
    halved: Values = (rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25)
    return halved


def _doubled(values: Values) -> Values:
    """Return (C, 2 h, 2 w), interpolated linearly between the cells' centres."""
    return _doubled_rows(_doubled_rows(values.swapaxes(1, 2)).swapaxes(1, 2))


def _doubled_rows(values: Values) -> Values:
    count, height, width = values.shape
    padded = np.concatenate([values[:, :1], values, values[:, -1:]], axis=1) * np.float32(0.25)
    near = np.float32(0.75) * values
    doubled = np.empty((count, 2 * height, width), dtype=np.float32)
    np.add(near, padded[:, :-2], out=doubled[:, ::2])
    np.add(near, padded[:, 2:], out=doubled[:, 1::2])
    return doubled
