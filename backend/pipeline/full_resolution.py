"""Apply the network's colour transforms to the layer's own pixels, in tiles that fit into the processor's cache."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.spaces import ColourSpace, colour_space
from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.bounds import object_pixels
from raiha.backend.pipeline.coefficient_map import bilinear_places, factors, luminance, object_transforms
from raiha.backend.pipeline.crops import Crop
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest, Only, Progress
from raiha.gallery_tools.errors import RaihaError

TILE_PIXELS = 1 << 17
"""Pixels of a tile at most. Measured: with smaller tiles, Python's overhead grows and threads wait for its lock."""

TILE_HEIGHT = 320
"""Rows of a tile at most, so that narrow layers have enough bands for all threads and can be cancelled soon."""

TILE_WIDTH = 1024
"""Columns of a tile at most: a row's matrix product is then small enough for BLAS to leave the threads to us."""


def apply(
    request: HarmonizeRequest,
    coefficients: Tensor,
    crop: Crop,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Pixels:
    """Change the object's pixels at their own size and depth.

    In encoded sRGB a pixel p becomes p + strength * mask * (after - p), where after is A p + t + b p^2 with the
    transform (A, t, b) interpolated between the grid's cells of the object; beyond [0, 1] the parabola continues along
    its tangent. With ``request.only``, (after - p) is split as the editors' blend modes Luminosity and Color do: the
    change of luminance (Rec. 709 luma) is added to all three channels, or taken from them. For uint8 and uint16, after
    is limited to [0, 1] (pixels that another profile puts beyond it may stay there). All of this is linear in strength,
    so a mix of before and after equals it.

    Without ``request.mask`` each pixel that is not wholly transparent changes fully: its alpha already mixes it in.

    Args:
        request: the layer, and what to change.
        coefficients: (15, h, w) transforms of encoded sRGB, as ``colour_transform.IDENTITY`` orders them.
        crop: the close crop that the network saw: the grid spans its window (and is continued beyond it), and its mask
            weighs the coefficients. Its size need not be the grid's.
        progress: called with "applying" and the fraction of this function's work that is done.
        cancelled: called before each band of tiles; returns whether the job is no longer wanted.

    Returns:
        The layer's shape and dtype. Alpha, what is outside the mask, NaN and infinite pixels are bit for bit as they
        were, and so is everything at strength 0; values beyond [0, 1] in float layers are kept.

    Raises:
        RaihaError: ``bad-coefficients``, ``bad-profile``.
        Cancelled: ``cancelled`` returned True.
    """
    result: Pixels = np.array(request.layer, order="C", copy=True)
    if request.strength == 0:
        return result
    if not bool(torch.isfinite(coefficients).all()):
        raise RaihaError(
            "bad-coefficients",
            "The network's result is not a number.",
            "Check its weights with `raiha doctor`; the layer was left as it is.",
        )
    job = _prepared(request, result, coefficients, crop)
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
class _Tile:
    """A span of the layer's columns between two columns of the grid.

    Attributes:
        columns: of the layer.
        cell: index of the grid's column to the left.
        share: (w,) float32 position of each column between this and the grid's next column, 0 to 1.
    """

    columns: slice
    cell: int
    share: Values


@dataclass(frozen=True)
class _Job:
    """The data that all tiles share.

    Attributes:
        request: the layer, and what to change.
        pixels: (H, W, C) the result, changed in place.
        largest: the integer that is white; None for floats, for which 1.0 is white but not a limit.
        space: colour space of the layer.
        transforms: (h, 3, 7, w) see ``object_transforms``.
        down: (H,) positions of the layer's rows between those of the grid.
        tiles: of one band, from left to right.
        band: rows of a tile.
    """

    request: HarmonizeRequest
    pixels: Pixels
    largest: int | None
    space: ColourSpace
    transforms: Values
    down: NDArray[np.float64]
    tiles: tuple[_Tile, ...]
    band: int

    def bands(self) -> Iterator[slice]:
        """Cut the layer's rows into bands."""
        height = self.pixels.shape[0]
        return (slice(top, min(top + self.band, height)) for top in range(0, height, self.band))

    def change_band(self, rows: slice) -> int:
        """Change these rows of the result and return the first row after them."""
        lines = self._lines(rows)
        for tile in self.tiles:
            weight = self._weight(rows, tile.columns)
            if weight is not None:
                left, right = lines[..., tile.cell], lines[..., min(tile.cell + 1, lines.shape[3] - 1)]
                transforms = np.concatenate([left, right - left], axis=2)
                self._change_tile(self.pixels[rows, tile.columns], transforms, tile.share, weight)
        return int(rows.stop)

    def _lines(self, rows: slice) -> Values:
        """Return (rows, 3, 7, w) transforms, interpolated between the grid's rows."""
        above = self.down[rows].astype(np.intp)
        below = np.minimum(above + 1, len(self.transforms) - 1)
        share = (self.down[rows] - above).astype(np.float32)[:, None, None, None]
        lines: Values = self.transforms[above] * (1 - share) + self.transforms[below] * share
        return lines

    def _weight(self, rows: slice, columns: slice) -> Values | None:
        """Return (h, w) strength x mask, 0 where the layer is transparent; None if nothing changes."""
        weight = object_pixels(self.request, rows, columns)
        if not weight.any():
            return None
        scale = np.float32(self.request.strength)
        share: Values = weight * scale
        if self.request.mask is not None:
            share *= self.request.mask[rows, columns] * np.float32(1 / 255)
        return share

    def _change_tile(self, pixels: Pixels, transforms: Values, share: Values, weight: Values) -> None:
        """Change a tile.

        Args:
            pixels: (h, w, C) of the result.
            transforms: (h, 3, 14) of each row at the left cell, then their difference from the right cell.
            share: (w,) of that difference, 0 to 1.
            weight: (h, w) strength times mask.
        """
        before = np.empty((3, *weight.shape), dtype=np.float32)
        np.copyto(before, pixels[..., :3].transpose(2, 0, 1))
        integer = self.largest is not None
        if self.largest is not None:
            before *= np.float32(1 / self.largest)
        colours = self.space.to_srgb(before)
        with np.errstate(invalid="ignore"):  # NaN and infinite pixels keep their values in the end
            change = np.ascontiguousarray(np.matmul(transforms, factors(colours, share)).transpose(1, 0, 2))
        _keep_only(change, self.request.only)
        if integer:
            _limit(change, colours, within=self.space.exact)
        change *= weight
        after = self.space.with_change(before, colours, change)
        if self.largest is not None:
            after *= np.float32(self.largest)
            np.rint(after, out=after)
            if not self.space.exact:
                np.clip(after, 0, self.largest, out=after)
        _store(pixels, after, change, always=integer and self.space.exact)


def _prepared(request: HarmonizeRequest, result: Pixels, coefficients: Tensor, crop: Crop) -> _Job:
    height, width = result.shape[:2]
    transforms = object_transforms(coefficients.detach().cpu(), crop.mask)  # (h, 3, 7, w)
    window, (x, y) = crop.window, request.offset
    across = bilinear_places(x, width, window.x, window.width, transforms.shape[3])
    tiles = tuple(_tiles(across))
    return _Job(
        request=request,
        pixels=result,
        largest=np.iinfo(result.dtype).max if np.issubdtype(result.dtype, np.integer) else None,
        space=colour_space(request.profile),
        transforms=transforms,
        down=bilinear_places(y, height, window.y, window.height, transforms.shape[0]),
        tiles=tiles,
        band=min(TILE_HEIGHT, TILE_PIXELS // max(len(tile.share) for tile in tiles)),
    )


def _tiles(places: NDArray[np.float64]) -> Iterator[_Tile]:
    """Cut columns (W,), given by their positions between the grid's cells, where a cell begins or a tile is full."""
    cells = places.astype(np.intp)
    edges = np.flatnonzero(np.diff(cells)) + 1
    for begin, end in itertools.pairwise([0, *edges.tolist(), len(places)]):
        for left in range(begin, end, TILE_WIDTH):
            columns = slice(left, min(left + TILE_WIDTH, end))
            cell = int(cells[left])
            yield _Tile(columns, cell, (places[columns] - cell).astype(np.float32))


def _keep_only(change: Values, only: Only | None) -> None:
    """Reduce a change (3, h, w) to its luminance or its colour."""
    if only == "colour":
        change -= luminance(change)
    elif only == "luminance":
        change[:] = luminance(change)


def _limit(change: Values, colours: Values, *, within: bool) -> None:
    """Limit changes (3, h, w) so that no colour leaves [0, 1], or goes farther beyond it unless all are ``within``."""
    change += colours
    if within:
        np.clip(change, 0, 1, out=change)
    else:
        np.clip(change, np.minimum(colours, 0), np.maximum(colours, 1), out=change)
    change -= colours


def _store(pixels: Pixels, after: Values, change: Values, *, always: bool) -> None:
    """Write (3, h, w) ``after`` into the tile (h, w, C); unless ``always``, only where it is finite and changed."""
    stored = after.astype(pixels.dtype)
    changed = True if always else (change != 0).any(axis=0) & np.isfinite(stored).all(axis=0)
    for channel, plane in enumerate(stored):
        np.copyto(pixels[..., channel], plane, where=changed)
