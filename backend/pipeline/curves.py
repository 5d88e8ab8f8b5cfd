"""An adjustment's gains and tone curve as tables, a set for each of the shading's stops: fast for many pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raiha.backend.pipeline.adjustment import Adjustment, Values, decode, encode, exposed, tone_numbers, toned

_STEPS = 65535
"""Of a table over [0, 1] where a single one is enough: its entries are the values of 16 bits."""

_STEPS_OF_MANY = 4095
"""Of a table where there is one for each of the shading's stops."""

_SHADING_STEP = 1 / 32
"""Stops from one table to the next at most: what lies between is straight to a tenth of an 8-bit step."""


def shading_stops(adjustment: Adjustment, step: float) -> tuple[NDArray[np.float64], float]:
    """Return (n,) stops that cover all of an adjustment's shading, and from one to the next, at most ``step``."""
    low, high = 0.0, 0.0
    if adjustment.shading is not None:
        low, high = float(adjustment.shading.min()), float(adjustment.shading.max())
    stops = np.linspace(low, high, 1 + int(np.ceil((high - low) / step)))
    return stops, float(stops[1] - stops[0]) if len(stops) > 1 else 1.0


def tabulate(adjustment: Adjustment, stops: NDArray[np.float64], steps: int) -> Values:
    """Return (n, 3, steps + 1) encoded sRGB after gains and tone curve, for (n,) stops of shading."""
    grid = np.linspace(0, 1, 1 + steps)
    gains = np.exp2(np.asarray(adjustment.gains)[:, None] + stops[:, None, None])  # (n, 3, 1)
    return toned(encode(exposed(decode(grid), gains)).clip(0, 1), *tone_numbers(adjustment))


class _Between(NamedTuple):
    """Where the stops of places lie between tables.

    Attributes:
        lower: (...) int32 number of the table below.
        share: (...) float32 of the way to the next, 0 to 1.
    """

    lower: NDArray[np.int32]
    share: NDArray[np.float32]


@dataclass(frozen=True)
class Curves:
    """Tables of encoded sRGB for some stops of shading.

    Attributes:
        values: (n, 3, steps + 1) float32.
        rises: (n, 3, steps + 1) float32 from each entry to the next, 0 for the last; None where values lie on entries.
        first: stops of the first table.
        step: stops from one table to the next.
    """

    values: NDArray[np.float32]
    rises: NDArray[np.float32] | None
    first: float
    step: float

    @classmethod
    def of(cls, adjustment: Adjustment, white: int | None = None) -> Curves:
        """Tabulate an adjustment's curves for all of its shading.

        Args:
            adjustment: of the object.
            white: the integer that is white where values are integers of encoded sRGB; None for floats and other
                colour spaces.
        """
        stops, step = shading_stops(adjustment, _SHADING_STEP)
        most = _STEPS if len(stops) == 1 else _STEPS_OF_MANY
        on_entries = white is not None and white <= most
        tables = tabulate(adjustment, stops, white if white is not None and on_entries else most)
        rises = None if on_entries else np.diff(tables, axis=2, append=tables[..., -1:]).astype(np.float32)
        return cls(tables.astype(np.float32), rises, float(stops[0]), step)

    def applied(self, colours: Values, shading: Values | None) -> Values:
        """Return colours (3, ...) after the curves; beyond [0, 1] they keep their distance in proportion to white's.

        Args:
            colours: encoded sRGB, float32.
            shading: (...) stops of each place, or None where there are none.
        """
        between = self._between_tables(shading)
        result = np.empty_like(colours)
        for channel, plane in enumerate(colours):
            result[channel] = self._looked_up(plane, channel, between)
        return result

    def _looked_up(self, plane: Values, channel: int, between: _Between | None) -> Values:
        """Return one channel (...) after its curve, see ``applied``."""
        channels, entries = self.values.shape[1:]
        inside = np.fmax(np.fmin(plane, np.float32(1)), np.float32(0))  # NaN becomes a number: it is put back later
        beyond = None if self.rises is None else plane - inside
        inside *= np.float32(entries - 1)
        if self.rises is None:
            inside += np.float32(0.5)
        entry = inside.astype(np.int32)
        rest = None if self.rises is None else np.subtract(inside, entry, dtype=np.float32)
        if between is not None:
            entry += between.lower * np.int32(channels * entries)

        def table_at(flat: NDArray[np.int32]) -> Values:
            made: Values = self.values.reshape(-1)[channel * entries :].take(flat)
            if rest is not None and self.rises is not None:
                made += rest * self.rises.reshape(-1)[channel * entries :].take(flat)
            return made

        made = table_at(entry)
        if between is not None:
            entry += np.int32(channels * entries)
            made += between.share * (table_at(entry) - made)
        if beyond is not None and beyond.any():
            made += beyond * self._white(channel, between)
        return made

    def _white(self, channel: int, between: _Between | None) -> Values:
        """Return what white becomes at each place."""
        whites = self.values[:, channel, -1]
        if between is None:
            return whites[:1]
        below, above = whites.take(between.lower), whites.take(between.lower + 1)
        result: Values = below + between.share * (above - below)
        return result

    def _between_tables(self, shading: Values | None) -> _Between | None:
        """Return where each place's stops lie between the tables; None for a single table."""
        if shading is None or len(self.values) == 1:
            return None
        place = (shading - np.float32(self.first)) * np.float32(1 / self.step)
        lower = place.astype(np.int32).clip(0, len(self.values) - 2)
        return _Between(lower, np.subtract(place, lower, dtype=np.float32).clip(0, 1))
