"""Find the object of a request, and refuse requests that cannot be fulfilled."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.pixels import Pixels
from raiha.backend.pipeline.request import HarmonizeRequest, require_mask_size
from raiha.gallery_tools.errors import RaihaError

FAINT = 0.02
"""Share of what is opaque up to which a pixel is all but transparent, unless the whole object is."""

STRAYS = 0.002
"""Share of the object's pixels that may lie apart from it as specks that do not count."""


@dataclass(frozen=True)
class Window:
    """A rectangle in the background's pixels.

    Attributes:
        x: left edge, 0 or more.
        y: top edge, 0 or more.
        width: pixels, at least 1.
        height: pixels, at least 1.
    """

    x: int
    y: int
    width: int
    height: int


def object_bounds(request: HarmonizeRequest) -> Window:
    """Return the smallest window that holds the object, as far as it lies on the background.

    Strays do not count: pixels that are all but transparent, as erasers and cut-out tools leave them, and specks apart
    from the object that are hardly anything beside it. They change with the object all the same.

    Raises:
        RaihaError: ``bad-layer``, ``no-mask``, ``mask-size``, ``empty-mask`` or ``off-canvas``.
    """
    require_shapes(request)
    covered = _covered_rows_and_columns(request)
    if covered is None:
        raise RaihaError(
            "empty-mask",
            "There is no object: the mask is empty or the layer is transparent where it is set.",
            "Choose the layer that holds the object, or paint its mask.",
        )
    top, bottom, left, right = covered
    x, y = request.offset
    height, width = request.background.shape[:2]
    left, right = max(left + x, 0), min(right + x, width)
    top, bottom = max(top + y, 0), min(bottom + y, height)
    if left >= right or top >= bottom:
        raise RaihaError(
            "off-canvas",
            "The object lies entirely outside the picture.",
            "Move the layer so that the object is visible, and try again.",
        )
    return Window(left, top, right - left, bottom - top)


def object_pixels(request: HarmonizeRequest, rows: slice, columns: slice, least: float = 0.0) -> NDArray[np.bool_]:
    """Return (h, w) which pixels of this part are the object: alpha and mask above ``least``, 0 to 1."""
    covered = np.ones((1, 1), dtype=bool)
    if request.layer.shape[2] == 4:
        covered = _alpha_above(request.layer[rows, columns], least)
    if request.mask is not None:
        covered = covered & (request.mask[rows, columns] > int(least * 255))
    return covered


def _alpha_above(pixels: Pixels, least: float) -> NDArray[np.bool_]:
    """Return (h, w) where the alpha of (h, w, 4) is above ``least``, 0 to below 1."""
    alpha = pixels[..., 3]
    above: NDArray[np.bool_]
    if pixels.dtype.kind != "u":
        above = alpha > least
        return above
    bits = 8 * pixels.itemsize
    first = int(least * np.iinfo(pixels.dtype).max) + 1
    if sys.byteorder == "little" and pixels.strides[2] == pixels.itemsize:
        # Alpha leads each pixel as one integer, and those lie side by side: several times as fast.
        above = pixels.view(f"u{4 * pixels.itemsize}")[..., 0] >= first << (3 * bits)
    else:
        above = alpha >= first
    return above


def require_shapes(request: HarmonizeRequest) -> None:
    """Check that layer, background and mask are pictures that go together.

    Raises:
        RaihaError: ``bad-layer``, ``no-mask`` or ``mask-size``.
    """
    layer, background, mask = request.layer, request.background, request.mask
    for name, pixels, channels in (("layer", layer, (3, 4)), ("background", background, (3, 4))):
        if pixels.ndim != 3 or pixels.shape[2] not in channels or pixels.size == 0:
            raise RaihaError(
                "bad-layer",
                f"The {name} has the shape {pixels.shape}, which is not that of an RGB or RGBA picture.",
                "Send pixels of shape (height, width, 3 or 4), at least one.",
            )
    if mask is None and layer.shape[2] == 3:
        raise RaihaError(
            "no-mask",
            "The layer has no transparency and there is no mask, so it is not clear which part of it is the object.",
            "Give a mask, white where the object is, or a layer with an alpha channel.",
            exit_status=2,
        )
    if mask is not None:
        require_mask_size(mask.shape, layer.shape)


def _covered_rows_and_columns(request: HarmonizeRequest) -> tuple[int, int, int, int] | None:
    """Return top, bottom, left, right of the object in the layer's pixels, ends excluded; None if there is none."""
    height, width = request.layer.shape[:2]
    # [0] counts all pixels of the object, [1] those that are more than all but transparent.
    rows, columns = np.zeros((2, height), dtype=np.int64), np.zeros((2, width), dtype=np.int64)
    step = min(max(1, (1 << 18) // width), np.iinfo(np.uint16).max)
    for top in range(0, height, step):
        band = slice(top, top + step)
        for level, least in enumerate((0.0, FAINT)):
            covered = object_pixels(request, band, slice(None), least)
            if covered.all():  # most bands are all or nothing, and need no counting
                rows[level, band] = width
                columns[level] += len(covered)
            elif covered.any():
                rows[level, band] = [np.count_nonzero(row) for row in covered]
                columns[level] += covered.sum(axis=0, dtype=np.uint16)
    if not rows[0].any():
        return None
    level = 1 if rows[1].any() else 0
    return (*_span_without_strays(rows[level]), *_span_without_strays(columns[level]))


def _span_without_strays(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return begin and end of the rows (or columns) of the object, given its pixels in each of them.

    Runs of rows at either end are left out while they hold less than ``STRAYS`` of all pixels.
    """
    filled = np.flatnonzero(counts)
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(filled, np.flatnonzero(np.diff(filled) > 1) + 1)]
    allowed = STRAYS * counts.sum()
    while len(runs) > 1:
        first, last = (counts[begin:end].sum() for begin, end in (runs[0], runs[-1]))
        allowed -= min(first, last)
        if allowed < 0:
            break
        runs.pop(0 if first <= last else -1)
    return runs[0][0], runs[-1][1]
