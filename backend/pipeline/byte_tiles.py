"""An adjustment applied to tiles of 8-bit encoded sRGB, the most frequent layers: tables, and memory that is kept."""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.adjustment import Adjustment, saturate
from raiha.backend.pipeline.changes import keep_only, limit
from raiha.backend.pipeline.curves import shading_stops, tabulate
from raiha.backend.pipeline.request import Only

_SHADING_STEP = 1 / 256
"""Stops from one table to the next at most: the nearest is off by a sixth of an 8-bit step."""

_WHITE = 255


class ByteTiles:
    """Changes tiles of uint8 pixels in encoded sRGB; several threads may use it at once.

    Args:
        adjustment: of the object.
        only: change nothing but colour, or nothing but luminance.
    """

    def __init__(self, adjustment: Adjustment, only: Only | None) -> None:
        stops, self._step = shading_stops(adjustment, _SHADING_STEP)
        tables = _WHITE * tabulate(adjustment, stops, _WHITE)  # (n, 3, 256)
        self._tables = np.ascontiguousarray(tables.transpose(1, 0, 2), dtype=np.float32).reshape(3, -1)
        self._first = float(stops[0])
        self._adjustment = adjustment
        self._only = only
        self._memory = threading.local()

    def change(self, pixels: Pixels, shading: Values | None, weight: Values | None) -> None:
        """Change a tile in place.

        Args:
            pixels: (h, w, 3 or 4) uint8, colours first.
            shading: (h, w) stops, may be overwritten; None where the light is even.
            weight: (h, w) share of the change that is made; None for all of it.
        """
        size = pixels.shape[:2]
        before = self._scratch("before", np.uint32, 3, size)
        words = _words(pixels)
        if words is None:
            np.copyto(before, pixels[..., :3].transpose(2, 0, 1))
        else:
            for channel, plane in enumerate(before):
                np.bitwise_and(np.right_shift(words, 8 * channel, out=plane), 255, out=plane)
        colours = self._after_curves(before, shading)
        spare = self._scratch("spare", np.float32, 3, size)
        if self._adjustment.saturation:
            saturate(colours, 1 + self._adjustment.saturation / 100, spare, _WHITE)
        if self._adjustment.veil:
            share = np.float32(self._adjustment.veil / 100)
            colours *= 1 - share
            colours += _WHITE * share * np.asarray(self._adjustment.veil_colour, dtype=np.float32)[:, None, None]
        if weight is not None or self._only is not None:
            np.copyto(spare, before)
            self._mix(colours, spare, weight)
        colours += np.float32(0.5)  # to round: what follows cuts off
        if words is None:
            self._store(pixels, before, colours)
        else:
            self._store_words(words, colours)

    def _after_curves(self, before: NDArray[np.uint32], shading: Values | None) -> Values:
        """Return (3, h, w) float32 from 0 to 255: ``before`` after gains, shading and tone curve."""
        size = before.shape[1:]
        colours = self._scratch("colours", np.float32, 3, size)
        (entries,) = self._scratch("entries", np.intp, 1, size)
        table, entry = self._scratch("table", np.uint32, 2, size)
        if shading is not None:
            shading *= np.float32(1 / self._step)
            shading += np.float32(0.5 - self._first / self._step)
            np.copyto(table, np.maximum(shading, np.float32(0), out=shading), casting="unsafe")
            np.left_shift(table, 8, out=table)
        for channel, plane in enumerate(before):
            np.copyto(entries, plane if shading is None else np.add(table, plane, out=entry), casting="unsafe")
            self._tables[channel].take(entries, out=colours[channel], mode="clip")
        return colours

    def _mix(self, colours: Values, before: Values, weight: Values | None) -> None:
        """Turn colours after the adjustment into what the pixels become, both (3, h, w) from 0 to 255."""
        colours -= before
        if self._only is not None:
            keep_only(colours, self._only)
            limit(colours, before, _WHITE)
        if weight is not None:
            colours *= weight
        colours += before
        np.clip(colours, 0, _WHITE, out=colours)

    def _store_words(self, words: NDArray[np.uint32], colours: Values) -> None:
        """Write colours (3, h, w) into pixels that are seen as (h, w) integers."""
        (after,) = self._scratch("after", np.uint32, 1, words.shape)
        np.bitwise_and(words, 0xFF000000, out=after)
        (part,) = self._scratch("entry", np.uint32, 1, words.shape)
        for channel, plane in enumerate(colours):
            np.copyto(part, plane, casting="unsafe")
            np.bitwise_or(after, np.left_shift(part, 8 * channel, out=part), out=after)
        before = words.view(np.uint8)
        result = after.view(np.uint8)
        self._keep_off_the_ends(result, before)
        before[:] = result

    def _store(self, pixels: Pixels, before: NDArray[np.uint32], colours: Values) -> None:
        """Write colours (3, h, w) into pixels (h, w, C)."""
        after = self._scratch("bytes", np.uint8, 3, before.shape[1:])
        np.copyto(after, colours, casting="unsafe")
        self._keep_off_the_ends(after, before.astype(np.uint8))
        for channel, plane in enumerate(after):
            pixels[..., channel] = plane

    def _keep_off_the_ends(self, after: NDArray[np.uint8], before: NDArray[np.uint8]) -> None:
        """Leave 0 and 255 to those that had them before."""
        (bound,) = self._scratch("bound", np.uint8, 1, after.shape)
        # Arrays of ones: NumPy's minimum with a scalar is many times slower.
        (ends,) = self._scratch("ends", np.uint8, 1, after.shape)
        ends.fill(1)
        np.maximum(after, np.minimum(before, ends, out=bound), out=after)
        ends.fill(_WHITE - 1)
        np.minimum(after, np.maximum(before, ends, out=bound), out=after)

    def _scratch(self, name: str, dtype: Any, count: int, size: tuple[int, ...]) -> NDArray[Any]:
        """Return (count, *size) of this thread's own memory, which the next tile uses again."""
        length = count * math.prod(size)
        memory: NDArray[Any] | None = getattr(self._memory, name, None)
        if memory is None or memory.size < length:
            memory = np.empty(length, dtype=dtype)
            setattr(self._memory, name, memory)
        return memory[:length].reshape(count, *size)


def _words(pixels: Pixels) -> NDArray[np.uint32] | None:
    """Return pixels (h, w, 4) as (h, w) integers with red lowest; None where their layout does not allow it."""
    if pixels.shape[2] != 4 or pixels.strides[1:] != (4, 1) or sys.byteorder != "little":
        return None
    words: NDArray[np.uint32] = pixels.view(np.uint32)[..., 0]
    return words
