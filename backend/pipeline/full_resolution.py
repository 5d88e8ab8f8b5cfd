"""Apply an adjustment to the layer's own pixels, in tiles that fit the processor's cache."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.spaces import ColourSpace, SrgbSpace, colour_space
from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.adjustment import Adjustment, saturated
from raiha.backend.pipeline.bounds import Window, object_pixels
from raiha.backend.pipeline.byte_tiles import ByteTiles
from raiha.backend.pipeline.changes import keep_only, limit
from raiha.backend.pipeline.curves import Curves
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest, Progress
from raiha.backend.pipeline.shading import interpolation_places, interpolation_weights

TILE_PIXELS = 1 << 16
"""Pixels of a tile at most. Measured: with smaller tiles, Python's overhead grows and threads wait for its lock."""

TILE_HEIGHT = 320
"""Rows of a tile at most, so that narrow layers have enough bands for all threads and can be cancelled soon."""

TILE_WIDTH = 1024
"""Columns of a tile at most."""


def apply(
    request: HarmonizeRequest,
    adjustment: Adjustment,
    window: Window,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Pixels:
    """Change the object's pixels at their own size and depth.

    In encoded sRGB a pixel p becomes p + strength * mask * (after - p), where after is the adjusted p. With
    ``request.only``, (after - p) is split as the editors' blend modes Luminosity and Color do: the change of luminance
    (Rec. 709 luma) is added to all three channels, or taken from them. All of this is linear in strength, so a mix of
    before and after equals it. For uint8 and uint16 the result is limited to the range, and no value reaches either
    end that was not there before.

    Without ``request.mask`` each pixel that is not wholly transparent changes fully: its alpha already mixes it in.

    Args:
        request: the layer, and what to change.
        adjustment: of the object.
        window: of the background's pixels that the adjustment's shading spans; it is continued beyond.
        progress: called with "applying" and the fraction of this function's work that is done.
        cancelled: called before each band of tiles; returns whether the job is no longer wanted.

    Returns:
        The layer's shape and dtype. Alpha, what is outside the mask, NaN and infinite pixels are bit for bit as they
        were, and so is everything at strength 0; values beyond [0, 1] in float layers are kept.

    Raises:
        RaihaError: ``bad-profile``.
        Cancelled: ``cancelled`` returned True.
    """
    if request.strength == 0 or adjustment.is_identity:
        return request.layer if request.in_place else np.array(request.layer, order="C", copy=True)
    result = request.layer if request.in_place else np.empty(request.layer.shape, request.layer.dtype)
    job = _prepared(request, result, adjustment, window)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = deque(pool.submit(job.change_band, rows) for rows in job.bands())
        try:
            while waiting:
                if cancelled():
                    raise Cancelled
                done = waiting.popleft().result()
                progress("applying", done / result.shape[0])
        finally:
            pool.shutdown(cancel_futures=True)
    return result


@dataclass(frozen=True)
class _Job:
    """The data that all tiles share.

    Attributes:
        request: the layer, and what to change.
        pixels: (H, W, C) the result; the layer itself where it may be changed in place.
        largest: the integer that is white; None for floats, for which 1.0 is white but not a limit.
        space: colour space of the layer.
        adjustment: of the object.
        tiles: what changes 8-bit sRGB; None for other layers.
        curves: the adjustment's curves for other layers.
        shading: the adjustment's over the layer; None without.
        band: rows of a tile.
    """

    request: HarmonizeRequest
    pixels: Pixels
    largest: int | None
    space: ColourSpace
    adjustment: Adjustment
    tiles: ByteTiles | None
    curves: Curves | None
    shading: _Shading | None
    band: int

    def bands(self) -> Iterator[slice]:
        """Cut the layer's rows into bands."""
        height = self.pixels.shape[0]
        return (slice(top, min(top + self.band, height)) for top in range(0, height, self.band))

    def change_band(self, rows: slice) -> int:
        """Change these rows of the result and return the first row after them."""
        if self.pixels is not self.request.layer:
            self.pixels[rows] = self.request.layer[rows]
        for left in range(0, self.pixels.shape[1], TILE_WIDTH):
            columns = slice(left, left + TILE_WIDTH)
            covered = object_pixels(self.request, rows, columns)
            if covered.any():
                self._change_covered(rows, columns, covered)
        return int(rows.stop)

    def _change_covered(self, rows: slice, columns: slice, covered: NDArray[np.bool_]) -> None:
        pixels = self.pixels[rows, columns]
        shading = None if self.shading is None else self.shading.stops(rows, columns)
        if self.tiles is None:
            self._change_tile(pixels, shading, self._weight(rows, columns, covered))
        elif self.request.mask is None and self.request.strength == 1 and covered.all():
            self.tiles.change(pixels, shading, None)
        else:
            self.tiles.change(pixels, shading, self._weight(rows, columns, covered))

    def _weight(self, rows: slice, columns: slice, covered: NDArray[np.bool_]) -> Values:
        """Return (h, w) strength x mask, 0 where the layer is transparent."""
        share: Values = covered * np.float32(self.request.strength)
        if self.request.mask is not None:
            share = share * (self.request.mask[rows, columns] * np.float32(1 / 255))
        return np.broadcast_to(share, self.pixels[rows, columns].shape[:2])

    def _change_tile(self, pixels: Pixels, shading: Values | None, weight: Values) -> None:
        """Change a tile.

        Args:
            pixels: (h, w, C) of the result.
            shading: (h, w) stops, or None.
            weight: (h, w) strength times mask.
        """
        before = np.empty((3, *weight.shape), dtype=np.float32)
        np.copyto(before, pixels[..., :3].transpose(2, 0, 1))
        if self.largest is not None:
            before *= np.float32(1 / self.largest)
        colours = self.space.to_srgb(before)
        with np.errstate(invalid="ignore"):  # NaN and infinite pixels keep their values in the end
            change = self._adjusted(colours, shading)
            change -= colours
            if self.request.only is not None:
                keep_only(change, self.request.only)
            if self.largest is not None and not (self.space.exact and self.request.only is None):
                limit(change, colours)
            change *= weight
            after = self.space.with_change(before, colours, change)
        if self.largest is not None:
            after *= np.float32(self.largest)
            np.rint(after, out=after)
            _keep_off_the_ends(after, pixels, self.largest)
        if self.largest is not None and self.space.exact:
            pixels[..., :3] = after.transpose(1, 2, 0)
        else:
            _store(pixels, after, change)

    def _adjusted(self, colours: Values, shading: Values | None) -> Values:
        """Return (3, h, w) encoded sRGB after the adjustment."""
        assert self.curves is not None
        result = self.curves.applied(colours, shading)
        if self.adjustment.saturation:
            result = saturated(result, 1 + self.adjustment.saturation / 100).astype(np.float32, copy=False)
        if self.adjustment.veil:
            colour = np.asarray(self.adjustment.veil_colour, dtype=np.float32)[:, None, None]
            result += np.float32(self.adjustment.veil / 100) * (colour - result)
        return result


@dataclass(frozen=True)
class _Shading:
    """The shading over the layer, bilinear between cells.

    Attributes:
        lines: (h, W) stops of each row of cells at the layer's columns.
        rises: (h, W) from each of them to the next.
        places: (H,) positions of the layer's rows among them.
    """

    lines: NDArray[np.float32]
    rises: NDArray[np.float32]
    places: NDArray[np.float64]

    @classmethod
    def over(cls, request: HarmonizeRequest, shading: NDArray[np.float32], window: Window) -> _Shading:
        """Spread an adjustment's shading (h, w) of a window over a request's layer."""
        height, width = request.layer.shape[:2]
        (x, y), (rows, columns) = request.offset, shading.shape
        lines = shading @ interpolation_weights(x, width, window.x, window.width, columns).T
        rises = np.diff(lines, axis=0, append=lines[-1:])
        return cls(lines, rises, interpolation_places(y, height, window.y, window.height, rows))

    def stops(self, rows: slice, columns: slice) -> Values:
        """Return (h, w) stops of a tile."""
        places = self.places[rows]
        above = places.astype(np.intp)
        share = (places - above).astype(np.float32)[:, None]
        if above[0] == above[-1]:  # all between the same two rows of cells, as in most tiles
            stops = share * self.rises[above[0], columns]
            stops += self.lines[above[0], columns]
        else:
            stops = share * self.rises[:, columns].take(above, axis=0)
            stops += self.lines[:, columns].take(above, axis=0)
        return stops


def _prepared(request: HarmonizeRequest, result: Pixels, adjustment: Adjustment, window: Window) -> _Job:
    space = colour_space(request.profile)
    largest = np.iinfo(result.dtype).max if np.issubdtype(result.dtype, np.integer) else None
    of_bytes = result.dtype == np.uint8 and isinstance(space, SrgbSpace)
    return _Job(
        request=request,
        pixels=result,
        largest=largest,
        space=space,
        adjustment=adjustment,
        tiles=ByteTiles(adjustment, request.only) if of_bytes else None,
        curves=None if of_bytes else Curves.of(adjustment, largest if isinstance(space, SrgbSpace) else None),
        shading=None if adjustment.shading is None else _Shading.over(request, adjustment.shading, window),
        band=max(1, min(TILE_HEIGHT, TILE_PIXELS // min(TILE_WIDTH, result.shape[1]))),
    )


def _keep_off_the_ends(after: Values, pixels: Pixels, largest: int) -> None:
    """Limit (3, h, w) integers to the range, its ends left to values of the tile (h, w, C) that are there already."""
    for plane, before in zip(after, pixels[..., :3].transpose(2, 0, 1), strict=True):
        np.clip(plane, np.minimum(before, 1), np.maximum(before, largest - 1), out=plane)


def _store(pixels: Pixels, after: Values, change: Values) -> None:
    """Write (3, h, w) ``after`` into the tile (h, w, C) where it is finite and changed."""
    with np.errstate(invalid="ignore", over="ignore"):
        stored = after.astype(pixels.dtype)
        changed = (change != 0).any(axis=0) & np.isfinite(after).all(axis=0) & np.isfinite(stored).all(axis=0)
    for channel, plane in enumerate(stored):
        np.copyto(pixels[..., channel], plane, where=changed)
