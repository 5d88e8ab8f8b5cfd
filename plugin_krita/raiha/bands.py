"""Reads and writes Krita's pixels in bands of rows: one call for 24 megapixels would block the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Tuple  # noqa: UP035  (evaluated by Python 3.8)

from .client.raiha_plugin import Steps

Rect = Tuple[int, int, int, int]  # noqa: UP006
"""x, y, width, height in pixels of the document; x and y may be negative."""

BAND_BYTES = 16 << 20


def bands(height: int, row_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the number of rows of every band of a picture."""
    rows = max(1, BAND_BYTES // max(row_bytes, 1))
    for top in range(0, height, rows):
        yield top, min(rows, height - top)


def read_in_bands(read: Callable[..., Any], rect: Rect, pixel_bytes: int) -> Steps:
    """Return the pixels that ``read(x, y, width, height)`` returns for a rectangle; yield after every band."""
    x, y, width, height = rect
    pixels = bytearray()
    for top, rows in bands(height, width * pixel_bytes):
        pixels += memoryview(read(x, y + top, width, rows))
        yield
    return pixels


def write_in_bands(write: Callable[..., Any], pixels: Any, rect: Rect, pixel_bytes: int) -> Steps:
    """Pass the pixels of a rectangle to ``write(bytes, x, y, width, height)``; yield after every band."""
    x, y, width, height = rect
    source = memoryview(pixels).cast("B")
    row_bytes = width * pixel_bytes
    for top, rows in bands(height, row_bytes):
        write(bytes(source[top * row_bytes : (top + rows) * row_bytes]), x, y + top, width, rows)
        yield
