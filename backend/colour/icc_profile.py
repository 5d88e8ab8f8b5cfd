"""Read colour space, primaries and tone curves from an ICC profile."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from raiha.backend.colour.tone_curve import LINEAR, ParametricCurve, SampledCurve, ToneCurve
from raiha.gallery_tools.errors import RaihaError

PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""Count of parameters of each type of parametric curve (ICC.1:2010, 10.16)."""


@dataclass(frozen=True)
class IccProfile:
    """An RGB profile.

    Attributes:
        to_xyz: (3, 3) columns: XYZ (D50) of red, green and blue; None for a table profile.
        curves: of red, green and blue; empty for a table profile.
        has_way_back: whether colours can be converted into its space.
    """

    to_xyz: tuple[tuple[float, ...], ...] | None
    curves: tuple[ToneCurve, ...]
    has_way_back: bool


def read_profile(data: bytes) -> IccProfile:
    """Parse an ICC profile, versions 2 and 4.

    Raises:
        RaihaError: ``bad-profile`` when it is damaged, ``not-rgb`` when it describes anything but RGB.
    """
    if len(data) < 132 or data[36:40] != b"acsp":
        raise damaged()
    if data[16:20] != b"RGB ":
        kind = data[16:20].decode("ascii", "replace").strip()
        raise RaihaError(
            "not-rgb",
            f"The colour profile is for {kind}, not for RGB.",
            "Convert the picture to an RGB colour space, such as sRGB, and try again.",
        )
    try:
        tags = _tags(data)
        if b"A2B0" in tags or b"rXYZ" not in tags:
            return IccProfile(None, (), b"B2A0" in tags)
        columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        matrix = tuple(tuple(column[row] / 65536 for column in columns) for row in range(3))
        curves = tuple(parse_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    except (KeyError, ValueError, struct.error, ZeroDivisionError) as error:
        raise damaged() from error
    return IccProfile(matrix, curves, True)


def damaged() -> RaihaError:
    """Return the error for a profile that cannot be used."""
    return RaihaError(
        "bad-profile",
        "The picture's colour profile is damaged or cannot be used.",
        "Assign another profile to the picture, such as sRGB, and try again.",
    )


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    tags = {}
    for index in range(min(count, 200)):
        name, start, length = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if start + length > len(data):
            raise ValueError("a tag reaches beyond the profile's end")
        tags[name] = data[start : start + length]
    return tags


def parse_curve(tag: bytes) -> ToneCurve:
    """Parse a ``curv`` or ``para`` tag.

    Raises:
        ValueError, KeyError, struct.error: it is damaged.
    """
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("not a curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return LINEAR
    values = struct.unpack_from(f">{min(count, 65536)}H", tag, 12)
    if count == 1:
        return ParametricCurve(_positive(values[0] / 256))
    return SampledCurve(np.array(values) / 65535)


def _parametric(tag: bytes) -> ParametricCurve:
    (kind,) = struct.unpack_from(">H", tag, 8)
    g, *rest = (value / 65536 for value in struct.unpack_from(f">{PARAMETERS[kind]}i", tag, 12))
    gamma = _positive(g)
    if kind == 0:
        return ParametricCurve(gamma)
    a, b = _positive(rest[0]), rest[1]
    if kind in (1, 2):  # level below the point where the curve starts
        level = rest[2] if kind == 2 else 0.0
        return ParametricCurve(gamma, a, b, 0.0, max(-b / a, 0.0), level, level)
    c, d = rest[2], rest[3]
    e, f = (rest[4], rest[5]) if kind == 4 else (0.0, 0.0)
    return ParametricCurve(gamma, a, b, c, d, e, f)


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("a curve without an inverse")
    return value
