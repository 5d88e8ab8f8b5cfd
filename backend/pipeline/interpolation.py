"""Bilinear interpolation of small grids that span a window of the picture."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""float32 or float64."""

_Kind = TypeVar("_Kind", bound=np.floating[Any])


def grid_places(places: Floats, start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Return positions among a grid's cells over [start, start + length) of places (n,) in pixels.

    0 is the first cell's centre; places beyond the outermost centres are at those.
    """
    return np.asarray(((places - start) * (cells / length) - 0.5).clip(0, cells - 1), np.float64)


def grid_weights(places: Floats, start: int, length: int, cells: int) -> NDArray[np.float32]:
    """Return (n, cells) weights of a grid's cells at places (n,), see ``grid_places``."""
    among = grid_places(places, start, length, cells)
    return (1 - np.abs(among[:, None] - np.arange(cells))).clip(0).astype(np.float32)


def centres(start: int, length: int, cells: int) -> NDArray[np.float64]:
    """Return (cells,) where the centres of cells lie that divide [start, start + length)."""
    return np.asarray(start + (np.arange(cells) + 0.5) * (length / cells), np.float64)


def resized(maps: NDArray[_Kind], size: tuple[int, ...]) -> NDArray[_Kind]:
    """Return maps (..., h, w) at another size (H, W) over the same window, without averaging."""
    down, across = (
        grid_weights(centres(0, cells, wanted), 0, cells, cells)
        for wanted, cells in zip(size, maps.shape[-2:], strict=True)
    )
    return np.asarray(down @ maps @ across.T, maps.dtype)
