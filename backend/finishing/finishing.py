"""Finish an object after its colours, in tiles: its edge, its sharpness, its grain."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.tone_curve import Values
from raiha.backend.finishing import pyramid
from raiha.backend.finishing.clean_edge import REACH, cleaned, rim_of
from raiha.backend.finishing.finish import Finish
from raiha.backend.finishing.gaussian import blurred, reach
from raiha.backend.finishing.grain import GrainTiles
from raiha.backend.finishing.opacity import Opacity
from raiha.backend.finishing.tiles import Tiles
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest

TILE = 256
"""Height and width of a tile, pixels; a multiple of ``pyramid.CELL``."""


PART = 64
"""Height and width, pixels, of the parts of a tile in which an edge is looked for; a multiple of ``pyramid.CELL``."""


def finished(
    request: HarmonizeRequest, layer: Pixels, finish: Finish, cancelled: Callable[[], bool] = lambda: False
) -> Pixels:
    """Return the layer with its edge cleaned, blurred, and with grain added.

    Works in encoded sRGB in float32, in tiles; the result does not depend on how they are cut. In a finished
    composite, whose layer is opaque, changes are made by the mask's share.

    Args:
        request: the composite; its layer lends alpha and its mask says what may change.
        layer: (H, W, C) with the colours that the result has, in the request's profile; it is changed in place.
        finish: what is to be done.
        cancelled: called before each row of tiles; returns whether the job is no longer wanted.

    Returns:
        ``layer``. Alpha and everything outside alpha and mask are unchanged, bit for bit.

    Raises:
        Cancelled: ``cancelled`` returned True.
    """
    if finish.is_nothing:
        return layer
    job = _Job(
        tiles=Tiles.of(layer.copy() if finish.clean_edge or finish.blur else layer, request.profile),
        opacity=Opacity.of(request),
        result=layer,
        finish=finish,
        grain=None if finish.grain is None else GrainTiles(finish.grain),
    )
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = [pool.submit(job.change_row, top) for top in range(0, layer.shape[0], TILE)]
        try:
            for row in rows:
                if cancelled():
                    raise Cancelled
                row.result()
        finally:
            pool.shutdown(cancel_futures=True)
    return job.result


@dataclass(frozen=True)
class _Place:
    """A part of the layer, pixels; it may reach beyond the layer."""

    top: int
    left: int
    height: int
    width: int

    def grown(self, margin: int) -> _Place:
        """Return the place with a margin on each side."""
        return _Place(self.top - margin, self.left - margin, self.height + 2 * margin, self.width + 2 * margin)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class _Job:
    """The data that all tiles share.

    Attributes:
        tiles: the layer with its new colours.
        opacity: of the object.
        result: (H, W, C), changed in place.
        finish: what is done.
        grain: the noise to add, or None.
    """

    tiles: Tiles
    opacity: Opacity
    result: Pixels
    finish: Finish
    grain: GrainTiles | None

    def change_row(self, top: int) -> None:
        """Change the tiles that begin at this row of the layer."""
        height, width = self.result.shape[:2]
        for left in range(0, width, TILE):
            self._change(_Place(top, left, min(TILE, height - top), min(TILE, width - left)))

    def _change(self, place: _Place) -> None:
        weight = self.opacity.weight(*place.slices)
        if weight is None:
            return
        values = self.tiles.values(*place.slices)
        colours = self.tiles.space.to_srgb(values)
        after = self._after_neighbours(place, colours)
        change = after - colours
        if self.opacity.flattened:
            weight = weight * self.opacity.outline(*place.slices)
        if self.grain is not None:
            change += self.grain.noise(after, place.top, place.left)
        change *= weight
        self.tiles.change(*place.slices, values, change, self.result)

    def _after_neighbours(self, place: _Place, colours: Values) -> Values:
        """Return a tile's colours (3, h, w) after what depends on their neighbours: clean edge and blur."""
        margin = reach(self.finish.blur) if self.finish.blur else 0
        if not margin:
            return self._with_clean_edges(place, colours)
        wide = place.grown(margin + -margin % pyramid.CELL)
        around, opacity = self._read(wide)
        around = _blurred_object(self._with_clean_edges(wide, around), opacity, self.finish.blur)
        top, left = place.top - wide.top, place.left - wide.left
        return around[:, top : top + place.height, left : left + place.width]

    def _with_clean_edges(self, place: _Place, colours: Values) -> Values:
        """Return a place's colours (3, h, w) with a clean edge, in the small parts through which the edge passes."""
        if not self.finish.clean_edge or not self._has_edge(place.grown(REACH)):
            return colours
        result: Values = colours.copy()
        for down in range(0, place.height, PART):
            for across in range(0, place.width, PART):
                height, width = min(PART, place.height - down), min(PART, place.width - across)
                part = _Place(place.top + down, place.left + across, height, width)
                if not self._has_edge(part.grown(REACH)):
                    continue
                margin, more = pyramid.SUPPORT, (-height % pyramid.CELL, -width % pyramid.CELL)
                cleaned_part = self._with_clean_edge(*self._read(part.grown(margin), more))
                result[:, down : down + height, across : across + width] = cleaned_part[
                    :, margin : margin + height, margin : margin + width
                ]
        return result

    def _with_clean_edge(self, colours: Values, opacity: Values) -> Values:
        """Return colours (3, h, w) with a clean edge, as the object's own or, if flattened, as its share of them."""
        straight = _unmixed(colours, opacity) if self.opacity.flattened else colours
        return colours + (cleaned(straight, opacity, rim_of(opacity)) - straight)

    def _has_edge(self, place: _Place) -> bool:
        opacity = self.opacity.outline(*_within(place, self.result.shape))
        return opacity.size > 0 and bool(opacity.min() < 1 and opacity.max() > 0)

    def _read(self, place: _Place, more: tuple[int, int] = (0, 0)) -> tuple[Values, Values]:
        """Return colours (3, h, w) and opacity (h, w) of a place; what lies beyond the layer repeats its border.

        Args:
            place: a part of the layer, which may reach beyond it.
            more: rows and columns added below and on the right.
        """
        rows, columns = _within(place, self.result.shape)
        bottom, right = place.top + place.height + more[0], place.left + place.width + more[1]
        pad = (rows.start - place.top, bottom - rows.stop), (columns.start - place.left, right - columns.stop)
        colours = np.pad(self.tiles.colours(rows, columns), ((0, 0), *pad), mode="edge")
        return colours, np.pad(self.opacity.outline(rows, columns), pad, mode="edge")


def _within(place: _Place, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a place as far as they lie in a layer of this shape."""
    rows, columns = place.slices
    return _clamped(rows, shape[0]), _clamped(columns, shape[1])


def _clamped(span: slice, length: int) -> slice:
    """Return the part of a span that lies in [0, length), at least one pixel."""
    return slice(min(max(span.start, 0), length - 1), max(min(span.stop, length), 1))


def _unmixed(colours: Values, opacity: Values) -> Values:
    """Return a finished composite's colours (3, h, w) without the background's share along the object's edge.

    The background there is continued from outside. Where the object has less than half of a pixel, its colour comes
    from the pixels beside it.
    """
    background, known = pyramid.continued(colours, (opacity == 0).astype(np.float32))
    own: Values = background + (colours - background) / np.maximum(opacity, np.float32(0.5))
    straight: Values = np.where(known & (opacity < 1), own, colours)
    solid, known = pyramid.continued(straight, (opacity >= 0.5).astype(np.float32))
    return np.where(known & (opacity < 0.5), solid, straight)


def _blurred_object(colours: Values, opacity: Values, radius: float) -> Values:
    """Return colours (3, h, w) blurred among the object's own; transparent pixels lend none."""
    if opacity.min() == 1:
        return blurred(colours, radius)
    weights = blurred(opacity, radius)
    mixed: Values = blurred(colours * opacity, radius) / np.maximum(weights, np.float32(1e-6))
    return np.where(weights > 1e-3, mixed, colours)
