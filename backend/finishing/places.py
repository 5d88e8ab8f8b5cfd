"""Choose places of the object and of the scene in which noise and sharpness are measured, spread evenly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.tone_curve import Values
from raiha.backend.finishing.opacity import Opacity
from raiha.backend.finishing.tiles import Tiles
from raiha.backend.pipeline.request import HarmonizeRequest

STRIDE = 16
"""Pixels between the points at which opacity is looked at to choose places."""

SOLID = 0.98
"""Opacity from which on a pixel is the object's alone."""


@dataclass(frozen=True)
class Places:
    """A picture and the part of it that counts.

    Attributes:
        tiles: the picture.
        points: (h, w) bool, whether every ``STRIDE``-th pixel counts.
        opacity: of the object, whose place in the picture ``offset`` gives.
        offset: (x, y) of the object's layer in the picture, pixels.
        wants_object: whether the object counts, or what it does not cover.
    """

    tiles: Tiles
    points: NDArray[np.bool_]
    opacity: Opacity
    offset: tuple[int, int]
    wants_object: bool

    @classmethod
    def of_object(cls, request: HarmonizeRequest, tiles: Tiles, opacity: Opacity) -> Places:
        """Return the object's solid part of a layer."""
        every = slice(None, None, STRIDE)
        return cls(tiles, opacity.outline(every, every) >= SOLID, opacity, (0, 0), wants_object=True)

    @classmethod
    def of_scene(cls, request: HarmonizeRequest, tiles: Tiles, opacity: Opacity) -> Places:
        """Return what the object leaves visible of the background."""
        height, width = tiles.pixels.shape[:2]
        every = slice(0, height, STRIDE), slice(0, width, STRIDE)
        alpha = tiles.alpha(*every)
        shape = -(-height // STRIDE), -(-width // STRIDE)
        points = np.ones(shape, dtype=bool) if alpha is None else alpha >= SOLID
        places = cls(tiles, points, opacity, request.offset, wants_object=False)
        rows, columns = (np.arange(side) * STRIDE for side in shape)
        points &= places._covered(rows, columns) == 0
        return places

    def blocks(self, side: int, most: int) -> Iterator[Values]:
        """Yield (3, side, side) colours of blocks that count wholly, at multiples of ``side``, a multiple of 16."""
        step = side // STRIDE
        corners = self.points[: len(self.points) - step, : self.points.shape[1] - step].copy()
        for down in range(step + 1):
            for across in range(step + 1):
                corners &= self.points[down : down + corners.shape[0], across : across + corners.shape[1]]
        found = np.argwhere(corners[::step, ::step]) * side
        for top, left in _spread(found, most):
            yield self.tiles.colours(slice(top, top + side), slice(left, left + side))

    def windows(self, side: int, most: int, height: tuple[int, int]) -> Iterator[tuple[Values, NDArray[np.bool_]]]:
        """Yield (3, h, w) colours of windows, and (h, w) which of their pixels count.

        Args:
            side: pixels, a multiple of 16; windows at the picture's border may be smaller.
            most: windows at most.
            height: first row and the one after the last in which they begin.
        """
        step = side // STRIDE
        tops = np.arange(0, len(self.points), step)
        lefts = np.arange(0, self.points.shape[1], step)
        counts = np.add.reduceat(np.add.reduceat(self.points.astype(np.int32), tops, axis=0), lefts, axis=1)
        inside = (tops * STRIDE + side > height[0]) & (tops * STRIDE < height[1])
        found = np.argwhere((counts > 0) & inside[:, None]) * side
        for top, left in _spread(found, most):
            rows = slice(top, min(top + side, self.tiles.pixels.shape[0]))
            columns = slice(left, min(left + side, self.tiles.pixels.shape[1]))
            yield self.tiles.colours(rows, columns), self._counts(rows, columns)

    def _counts(self, rows: slice, columns: slice) -> NDArray[np.bool_]:
        covered = self._covered(np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop))
        if self.wants_object:
            solid: NDArray[np.bool_] = covered >= SOLID
            return solid
        alpha = self.tiles.alpha(rows, columns)
        free: NDArray[np.bool_] = (covered == 0) & (True if alpha is None else alpha >= SOLID)
        return free

    def _covered(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Values:
        """Return (h, w) float32, the object's opacity at these pixels of the picture."""
        covered = np.zeros((len(rows), len(columns)), dtype=np.float32)
        x, y = self.offset
        height, width = self.opacity.request.layer.shape[:2]
        down, across = (rows >= y) & (rows < y + height), (columns >= x) & (columns < x + width)
        if down.any() and across.any():
            part = _evenly(rows[down] - y), _evenly(columns[across] - x)
            covered[np.ix_(down, across)] = self.opacity.outline(*part)
        return covered


def _evenly(numbers: NDArray[np.intp]) -> slice:
    """Return evenly spaced numbers as a slice."""
    step = int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
    return slice(int(numbers[0]), int(numbers[-1]) + 1, step)


def _spread(found: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Return at most so many of the places, spread evenly over all of them."""
    if len(found) <= most:
        return found
    chosen: NDArray[np.intp] = found[((np.arange(most) + 0.5) * len(found) / most).astype(int)]
    return chosen
