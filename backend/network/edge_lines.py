"""Lines across the object's edge, sampled from the picture's own pixels, for the network to read.

``edge_profiles`` explains what for, and does the same for batches in torch, in training.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OFFSETS = (-12.0, -8.0, -5.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 7.0, 12.0)
"""Places along a line, in pixels outwards from the first pixel outside the mask."""

CHANNELS = 5
PROFILE_CHANNELS = CHANNELS * len(OFFSETS)
"""Channels of a profile: red, green, blue, mask, and whether the place lies in the picture, at each offset."""

_REACH = 5
"""Pixels around one at the edge from which the edge's direction is taken."""


class EdgeLines(NamedTuple):
    """Samples along lines across the edge of an object.

    Attributes:
        profiles: (PROFILE_CHANNELS, L) float32 colours and mask from -1 to 1.
        present: whether the object has an edge in the picture.
    """

    profiles: NDArray[np.float32]
    present: bool


def edge_lines(composite: NDArray[np.float32], mask: NDArray[np.float32], lines: int) -> EdgeLines:
    """Sample colours and mask along lines across the mask's edge.

    Args:
        composite: (H, W, 3) encoded sRGB in [0, 1].
        mask: (H, W), 1 = foreground.
        lines: L, evenly spread over the edge.

    Returns:
        L profiles; of an object without an edge in the picture those at the first pixel.
    """
    height, width = mask.shape
    edge = np.flatnonzero(_is_edge(mask > 0.5))
    chosen = np.ceil((np.arange(lines) + 0.5) / lines * len(edge)).astype(np.intp) - 1
    indices = edge[chosen] if len(edge) else np.zeros(lines, np.intp)
    rows, columns = indices // width, indices % width
    x, y = _normals(mask, rows, columns)
    offsets = np.array(OFFSETS, np.float32)[:, None]  # (offsets, 1)
    across, down = columns + x * offsets, rows + y * offsets  # (offsets, L), 0 at the first pixel's centre
    within = (np.abs(across - (width - 1) / 2) <= width / 2) & (np.abs(down - (height - 1) / 2) <= height / 2)
    sampled = _interpolated(np.dstack([composite, mask]), across, down)  # (offsets, L, 4)
    profiles = np.concatenate([2 * sampled.transpose(2, 0, 1) - 1, within[None]]).astype(np.float32)
    return EdgeLines(profiles.reshape(PROFILE_CHANNELS, lines), bool(len(edge)))


def _is_edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels (H, W) are outside the object and touch it, at a corner or a side."""
    padded = np.pad(inside, 1)
    near = padded[:-2] | padded[1:-1] | padded[2:]
    touched: NDArray[np.bool_] = near[:, :-2] | near[:, 1:-1] | near[:, 2:]
    return touched & ~inside


def _normals(
    mask: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y (L,) of unit vectors out of the object: slopes of the smoothed mask at pixels of the edge."""
    reach = np.arange(-_REACH, _REACH + 1)
    down = (rows[:, None] + reach).clip(0, mask.shape[0] - 1)  # (L, 11)
    across = (columns[:, None] + reach).clip(0, mask.shape[1] - 1)
    patches = mask[down[:, :, None], across[:, None]]  # (L, 11, 11)
    hat = (_REACH - np.abs(reach)).clip(0).astype(np.float32)  # two averages over five pixels
    slope = np.append(hat[1:], 0) - np.insert(hat[:-1], 0, 0)
    normals = np.stack([(patches @ slope) @ hat, (patches @ hat) @ slope]).astype(np.float32)  # (2, L)
    x, y = normals / np.linalg.norm(normals, axis=0).clip(1e-12)
    return x, y


def _interpolated(maps: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maps (H, W, C) at places (...) between the centres of their pixels, held to the outermost: (..., C)."""
    height, width = maps.shape[:2]
    x, y = x.clip(0, width - 1)[..., None], y.clip(0, height - 1)[..., None]
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1)[..., 0], np.minimum(top + 1, height - 1)[..., 0]
    across, down = x - left, y - top
    left, top = left[..., 0], top[..., 0]
    upper = maps[top, left] * (1 - across) + maps[top, right] * across
    lower = maps[bottom, left] * (1 - across) + maps[bottom, right] * across
    sampled: NDArray[np.float32] = upper * (1 - down) + lower * down
    return sampled
