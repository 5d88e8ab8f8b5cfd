"""The arithmetic on raw pixels that both plug-ins share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiha.backend.client import raiha_plugin
from raiha.backend.client.raiha_plugin import at_once, is_opaque, is_transparent, restored_outside, with_alpha_of

DTYPES = ["uint8", "uint16", "float16", "float32", "uint32", "float64"]


@pytest.fixture(params=[3, 1 << 21])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Give steps of three pixels, and one larger than the whole picture: the result is the same."""
    monkeypatch.setattr(raiha_plugin, "CHUNK", request.param)
    return int(request.param)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_put_back_bit_for_bit(chunk: int, dtype: str, channels: int) -> None:
    original, changed = np.random.default_rng(5).integers(0, 255, (2, 30, channels)).astype(dtype)
    out = at_once(with_alpha_of(changed.tobytes(), original.tobytes(), channels, changed.itemsize))
    pixels = np.frombuffer(out, dtype).reshape(changed.shape)
    assert np.array_equal(pixels[:, -1], original[:, -1])
    assert np.array_equal(pixels[:, :-1], changed[:, :-1])


@given(
    mask=st.binary(min_size=1, max_size=40), pixel_bytes=st.sampled_from([1, 2, 4, 8, 16, 32]), step=st.integers(1, 50)
)
def test_the_original_is_kept_wherever_the_mask_is_zero(mask: bytes, pixel_bytes: int, step: int) -> None:
    changed, original = bytearray(b"c" * (len(mask) * pixel_bytes)), b"o" * (len(mask) * pixel_bytes)
    expected = b"".join((b"c" if value else b"o") * pixel_bytes for value in mask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raiha_plugin, "CHUNK", step)
        assert at_once(restored_outside(changed, original, mask)) == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_single_visible_pixel_is_enough(chunk: int, dtype: str) -> None:
    pixels = np.ones((7, 4), dtype)
    pixels[:, 3] = 0
    assert at_once(is_transparent(pixels.tobytes(), 4, pixels.itemsize))
    pixels[5, 3] = 1
    assert not at_once(is_transparent(pixels.tobytes(), 4, pixels.itemsize))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_single_pixel_that_is_not_opaque_is_enough(chunk: int, dtype: str) -> None:
    full = np.iinfo(dtype).max if dtype.startswith("u") else 1
    pixels = np.zeros((7, 4), dtype)
    pixels[:, 3] = full
    assert at_once(is_opaque(pixels.tobytes(), 4, pixels.itemsize, dtype))
    pixels[5, 3] = full * 0.9
    assert not at_once(is_opaque(pixels.tobytes(), 4, pixels.itemsize, dtype))


def test_large_pictures_are_processed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raiha_plugin, "CHUNK", 3)
    assert len(list(is_transparent(bytes(80), 4, 2))) == 4
    assert len(list(restored_outside(bytearray(80), bytes(80), bytes(10)))) == 4
