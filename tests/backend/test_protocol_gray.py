"""Gray layers: there and back, and gray profiles as RGB ones."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from raiha.backend.colour.gray import gray_to_rgb, rgb_profile_of, rgb_to_gray

DTYPES = [np.dtype(name) for name in ("uint8", "uint16", "float16", "float32")]


def gray_profile(gamma: float) -> bytes:
    """Return a gray ICC profile (version 2) with this gamma."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    table = struct.pack(">I", 2) + struct.pack(">4sII4sII", b"wtpt", 156, len(white), b"kTRC", 176, len(curve))
    header = struct.pack(">I", 176 + len(curve)) + b"\0\0\0\0" + b"\x02\x10\0\0" + b"mntrGRAYXYZ "
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + white[8:] + b"\0" * 48
    return header + table + white + curve


@given(st.data(), st.sampled_from(DTYPES), st.sampled_from([1, 2]))
def test_gray_comes_back_bit_for_bit(data: st.DataObject, dtype: np.dtype[Any], channels: int) -> None:
    pixels = data.draw(arrays.arrays(dtype, (3, 2, channels)))
    assert rgb_to_gray(gray_to_rgb(pixels)).tobytes() == pixels.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_colour_becomes_its_luminance(dtype: np.dtype[Any]) -> None:
    rgb = np.array([[[200, 100, 50, 7]]]).astype(dtype)
    expected = 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50
    assert rgb_to_gray(rgb)[0, 0] == pytest.approx([expected, 7], abs=0.5 if dtype.kind == "u" else 0.1)


@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_a_gray_profile_becomes_an_rgb_one_with_its_curve(gamma: float) -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile_of(gray_profile(gamma))))
    assert profile.profile.xcolor_space.strip() == "RGB"
    gray = Image.new("RGB", (1, 1), (100, 100, 100))
    shown = ImageCms.profileToProfile(gray, profile, ImageCms.createProfile("sRGB"))
    assert shown is not None
    light = (100 / 255) ** gamma
    encoded = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    assert shown.getpixel((0, 0)) == pytest.approx((encoded * 255,) * 3, abs=1.5)


def test_an_rgb_profile_and_a_damaged_one_are_left_as_they_are() -> None:
    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert rgb_profile_of(rgb) == rgb
    whole = gray_profile(2.2)
    for length in range(len(whole)):
        rgb_profile_of(whole[:length])
    assert rgb_profile_of(whole[:150]) == whole[:150]
