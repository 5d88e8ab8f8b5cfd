"""Which pixels travel as what, and how they are put together again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pixels import Transfer, is_transparent, restored_outside, transfer_of, with_alpha_of


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("R'G'B'A u8", Transfer("R'G'B'A u8", "uint8", "RGBA", False)),
        ("R~G~B~ u16", Transfer("R~G~B~ u16", "uint16", "RGB", False)),
        ("RGBA half", Transfer("RGBA half", "float16", "RGBA", True)),
        ("RGB float", Transfer("RGB float", "float32", "RGB", True)),
        ("R'G'B'A u32", Transfer("R'G'B'A float", "float32", "RGBA", False)),
        ("RGBA double", Transfer("RGBA float", "float32", "RGBA", True)),
        ("Y'A u8", Transfer("Y'A u8", "uint8", "GRAYA", False)),
        ("Y float", Transfer("Y float", "float32", "GRAY", True)),
    ],
)
def test_pixels_travel_as_they_are_where_the_daemon_knows_the_numbers(encoding: str, expected: Transfer) -> None:
    assert transfer_of(encoding) == expected


@pytest.mark.parametrize("encoding", ["CMYK u8", "R'G'B'A u15", "", "R'G'B'A"])
def test_unknown_pixels_are_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="no such pixels"):
        transfer_of(encoding)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "uint32", "float64"])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_put_back_bit_for_bit(dtype: str, channels: int) -> None:
    values = np.random.default_rng(5).integers(0, 255, (2, 30, channels)).astype(dtype)
    original, changed = values
    out = with_alpha_of(original.tobytes(), changed.tobytes(), channels, values.itemsize)
    pixels = np.frombuffer(out, dtype).reshape(changed.shape)
    assert np.array_equal(pixels[:, -1], original[:, -1])
    assert np.array_equal(pixels[:, :-1], changed[:, :-1])


@settings(deadline=None)
@given(mask=st.binary(min_size=1, max_size=40), pixel_bytes=st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_the_original_is_kept_wherever_the_mask_is_zero(mask: bytes, pixel_bytes: int) -> None:
    original, changed = b"o" * (len(mask) * pixel_bytes), b"c" * (len(mask) * pixel_bytes)
    expected = b"".join((b"c" if value else b"o") * pixel_bytes for value in mask)
    assert restored_outside(changed, original, mask) == expected


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_one_pixel_that_is_seen_is_enough(dtype: str) -> None:
    pixels = np.ones((7, 4), dtype)
    pixels[:, 3] = 0
    assert is_transparent(pixels.tobytes(), 4, pixels.itemsize)
    pixels[5, 3] = 1
    assert not is_transparent(pixels.tobytes(), 4, pixels.itemsize)
