"""Gray layers: the network works on colour, so gray is converted to RGB, and the result back by its luminance."""

from __future__ import annotations

import struct

import numpy as np

from raiha.backend.colour.icc_profile import damaged, parse_curve
from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.colour.matrix_profile import SRGB_CHROMATICITIES, matrix_profile, primaries_to_d50, sampled_curve
from raiha.backend.colour.pixels import Pixels

_ROWS = 64
"""Rows converted at a time, so that float64 copies stay small."""

_SAMPLES = 4096


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
    """Return an RGB profile with a gray profile's tone curve and sRGB's primaries; any other profile as it is.

    ICC.1:2010, 8.3.4: a gray profile has one curve, ``kTRC``. It leads to luminance when the connection space is XYZ,
    and to L* when it is Lab; a matrix profile holds the curve to luminance three times.
    """
    if profile[16:20] != b"GRAY":
        return profile
    curve = _tag(profile, b"kTRC")
    if curve is None:
        return profile
    if profile[20:24] == b"Lab ":
        curve = _luminance_curve(curve)
    return matrix_profile(primaries_to_d50(SRGB_CHROMATICITIES), curve, profile[8:12])


def _luminance_curve(curve: bytes) -> bytes:
    """Return the tag of a curve to luminance, given one to L* / 100 (CIE 1976)."""
    try:
        lightness = parse_curve(curve).decode(np.linspace(0, 1, _SAMPLES, dtype=np.float32)).astype(np.float64)
    except (ValueError, KeyError, struct.error) as error:
        raise damaged() from error
    relative = (lightness * 100 + 16) / 116
    return sampled_curve(np.where(relative > 6 / 29, relative**3, (relative - 4 / 29) * 3 * (6 / 29) ** 2))


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
