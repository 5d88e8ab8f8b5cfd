"""Find the object of a request, and refuse requests that cannot be fulfilled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raiha.backend.pipeline.request import HarmonizeRequest, require_mask_size
from raiha.gallery_tools.errors import RaihaError


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
    """Return the smallest window that holds every pixel of the object that lies on the background.

    Raises:
        RaihaError: ``bad-layer``, ``no-mask``, ``mask-size``, ``empty-mask`` or ``off-canvas``.
    """
    _check(request)
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


def object_pixels(request: HarmonizeRequest, rows: slice, columns: slice) -> NDArray[np.bool_]:
    """Return (h, w) which of these pixels of the layer belong to the object: opaque to some degree, and in the mask."""
    covered = np.ones((1, 1), dtype=bool)
    if request.layer.shape[2] == 4:
        covered = request.layer[rows, columns, 3] > 0
    if request.mask is not None:
        covered = covered & (request.mask[rows, columns] > 0)
    return covered


def _check(request: HarmonizeRequest) -> None:
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
    rows = np.zeros(request.layer.shape[0], dtype=bool)
    columns = np.zeros(request.layer.shape[1], dtype=bool)
    step = max(1, (1 << 20) // request.layer.shape[1])
    for top in range(0, len(rows), step):
        covered = object_pixels(request, slice(top, top + step), slice(None))
        rows[top : top + step] = covered.any(axis=1)
        columns |= covered.any(axis=0)
    if not rows.any():
        return None
    down, across = np.flatnonzero(rows), np.flatnonzero(columns)
    return int(down[0]), int(down[-1]) + 1, int(across[0]), int(across[-1]) + 1
