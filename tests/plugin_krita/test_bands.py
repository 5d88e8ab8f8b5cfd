"""Pixels travel in bands of whole rows, and come together again."""

from __future__ import annotations

import pytest
from stepping import run

WIDTH, HEIGHT, PIXEL_BYTES = 3, 7, 4
PIXELS = bytes(range(WIDTH * HEIGHT * PIXEL_BYTES))


@pytest.mark.parametrize("band_bytes", [1, 12, 30, 1000])
def test_what_is_written_in_bands_is_read_in_bands(monkeypatch: pytest.MonkeyPatch, band_bytes: int) -> None:
    from krita_raiha import bands

    monkeypatch.setattr(bands, "BAND_BYTES", band_bytes)
    rows: dict[int, bytes] = {}

    def write(pixels: bytes, x: int, y: int, width: int, height: int) -> None:
        assert (x, width) == (-2, WIDTH)
        row_bytes = width * PIXEL_BYTES
        rows.update({y + row: pixels[row * row_bytes : (row + 1) * row_bytes] for row in range(height)})

    def read(x: int, y: int, width: int, height: int) -> bytes:
        assert (x, width) == (-2, WIDTH)
        return b"".join(rows[row] for row in range(y, y + height))

    rect = (-2, 5, WIDTH, HEIGHT)
    run(bands.write_in_bands(write, PIXELS, rect, PIXEL_BYTES))
    assert sorted(rows) == list(range(5, 12))
    assert run(bands.read_in_bands(read, rect, PIXEL_BYTES)) == PIXELS
