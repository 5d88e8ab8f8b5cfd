"""Pixels in and out of Krita in bands of rows: one call for 24 megapixels would hold up the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .kinds import Rect, Steps

BAND_BYTES = 16 << 20


def read_in_bands(read: Callable[..., Any], rect: Rect, pixel_bytes: int) -> Steps:
    """Return what ``read(x, y, width, height)`` gives for a rectangle, as a bytearray; yields between bands."""
    x, y, width, height = rect
    rows = max(1, BAND_BYTES // (width * pixel_bytes))
    pixels = bytearray()
    for top in range(0, height, rows):
        pixels += memoryview(read(x, y + top, width, min(rows, height - top)))
        yield
    return pixels


def write_in_bands(write: Callable[..., Any], pixels: Any, rect: Rect, pixel_bytes: int) -> Steps:
    """Give ``write(bytes, x, y, width, height)`` the pixels of a rectangle; yields between bands."""
    x, y, width, height = rect
    rows = max(1, BAND_BYTES // (width * pixel_bytes))
    source = memoryview(pixels).cast("B")
    row_bytes = width * pixel_bytes
    for top in range(0, height, rows):
        count = min(rows, height - top)
        write(bytes(source[top * row_bytes : (top + count) * row_bytes]), x, y + top, width, count)
        yield
