"""Whether there is a picture around the object, from which its light can be taken."""

from __future__ import annotations

import numpy as np

from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError

VISIBLE = 0.01
"""Share of the surroundings that has to be visible."""

_SAMPLES = 256


def require_surroundings(request: HarmonizeRequest, window: Window) -> None:
    """Check that the background is visible around the object.

    Args:
        request: the composite.
        window: the part of the background that the network sees.

    Raises:
        RaihaError: ``transparent-canvas``.
    """
    if request.background.shape[2] == 3:
        return
    rows = _spread(window.y, window.height)
    columns = _spread(window.x, window.width)
    visible = _share(request.background[np.ix_(rows, columns)][..., 3])
    around = 1 - _coverage(request, rows, columns)
    if around.any() and (visible * around).sum() < VISIBLE * around.sum():
        raise RaihaError(
            "transparent-canvas",
            "The picture around the object is transparent, so there is no light to take from it.",
            "Put the layer over a picture that can be seen, and try again.",
        )


def _spread(start: int, length: int) -> np.ndarray:
    count = min(length, _SAMPLES)
    return start + ((np.arange(count) + 0.5) * (length / count)).astype(np.intp)


def _share(alpha: np.ndarray) -> np.ndarray:
    """Alpha of any dtype as float32 in [0, 1]."""
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
    share: np.ndarray = np.nan_to_num(alpha.astype(np.float32) / np.float32(opaque)).clip(0, 1)
    return share


def _coverage(request: HarmonizeRequest, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(len(rows), len(columns)) float32: how much of each of these background pixels the object covers, 0 to 1."""
    covered = np.zeros((len(rows), len(columns)), dtype=np.float32)
    height, width = request.layer.shape[:2]
    x, y = request.offset
    down = np.flatnonzero((rows >= y) & (rows < y + height))
    across = np.flatnonzero((columns >= x) & (columns < x + width))
    within, at = np.ix_(down, across), np.ix_(rows[down] - y, columns[across] - x)
    share = np.float32(1)
    if request.layer.shape[2] == 4:
        share = _share(request.layer[at][..., 3])
    if request.mask is not None:
        share = share * _share(request.mask[at])
    covered[within] = share
    return covered
