"""Gray layers: the network works on colour, so gray is converted to RGB, and the result back by its luminance."""

from __future__ import annotations

import struct

import numpy as np

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.colour.pixels import Pixels

_ROWS = 64
"""Rows converted at a time, so that float64 copies stay small."""


def gray_to_rgb(pixels: Pixels) -> Pixels:
    """Return (H, W, 1) gray as (H, W, 3) RGB, or (H, W, 2) gray and alpha as (H, W, 4) RGBA; same dtype."""
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return pixels[..., [0, 0, 0, 1]]


def rgb_to_gray(pixels: Pixels) -> Pixels:
    """Return (H, W, 3) RGB as (H, W, 1) luminance, or (H, W, 4) RGBA as (H, W, 2) luminance and alpha; same dtype.

    Where R, G and B are equal, their value is kept bit for bit.
    """
    alpha = pixels.shape[2] == 4
    out = np.empty((*pixels.shape[:2], 2 if alpha else 1), pixels.dtype)
    for top in range(0, pixels.shape[0], _ROWS):
        rows = pixels[top : top + _ROWS]
        red = rows[..., 0]
        luminance = rows[..., :3].astype(np.float64) @ np.array(LUMINANCE)
        if np.issubdtype(pixels.dtype, np.integer):
            luminance = np.rint(luminance)
        is_gray = (red == rows[..., 1]) & (red == rows[..., 2])
        out[top : top + _ROWS, :, 0] = np.where(is_gray, red, luminance.astype(pixels.dtype))
    if alpha:
        out[..., 1] = pixels[..., 3]
    return out


def rgb_profile_of(profile: bytes) -> bytes:
    """Return an RGB ICC profile with a gray profile's tone curve and sRGB's primaries; return others as they are.

    ICC.1:2010, tags 9.2: a gray profile has one curve, ``kTRC``, which a matrix profile holds three times.
    """
    if profile[16:20] != b"GRAY":
        return profile
    curve = _tag(profile, b"kTRC")
    white = _tag(profile, b"wtpt")
    if curve is None or white is None:
        return profile
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 11) + b"gray curve\0" + b"\0" * 78,
        b"cprt": b"text\0\0\0\0no copyright\0",
        b"wtpt": white,
        # sRGB's primaries, adapted to the D50 of the profile connection space, as in its own ICC profile.
        b"rXYZ": _xyz(0.43607, 0.22249, 0.01392),
        b"gXYZ": _xyz(0.38515, 0.71687, 0.09708),
        b"bXYZ": _xyz(0.14307, 0.06061, 0.71410),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile_of_tags(profile[:128], tags)


def _tag(profile: bytes, name: bytes) -> bytes | None:
    """Return a tag's data; None if there is no such tag or the profile is damaged."""
    if len(profile) < 132:
        return None
    (count,) = struct.unpack_from(">I", profile, 128)
    for index in range(min(count, (len(profile) - 132) // 12)):
        signature, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if signature == name and offset + size <= len(profile):
            return profile[offset : offset + size]
    return None


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def _profile_of_tags(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a display profile for RGB; version and intent are those of the gray profile's ``header`` (128 bytes)."""
    table = struct.pack(">I", len(tags))
    data = b""
    begin = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, begin + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    size = struct.pack(">I", begin + len(data))
    return size + header[4:12] + b"mntrRGB XYZ " + header[24:128] + table + data
