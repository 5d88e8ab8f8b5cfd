"""Writing ICC profiles of primaries and one tone curve, for pictures that describe their colours in another way."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""CIE 1931 (x, y) of white, red, green and blue."""

D65 = (0.3127, 0.3290)
SRGB_CHROMATICITIES: Chromaticities = (D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def parametric_curve(kind: int, *parameters: float) -> bytes:
    """Return a ``para`` tag, ICC.1:2010, 10.15."""
    numbers = [round(value * 65536) for value in parameters]
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", kind, 0, *numbers)


def sampled_curve(linear: NDArray[np.float64]) -> bytes:
    """Return a ``curv`` tag of (n,) linear values in [0, 1] at evenly spaced encoded ones."""
    values = np.rint(np.clip(linear, 0, 1) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(values)) + values.tobytes()


def primaries_to_d50(chromaticities: Chromaticities) -> list[tuple[float, float, float]]:
    """Return XYZ of red, green and blue at full strength, adapted from their white to D50 (Bradford).

    Raises:
        ValueError: the primaries span no space, or the white is none.
    """
    white, *primaries = ([x / y, 1.0, (1 - x - y) / y] if y > 0 else [0.0] * 3 for x, y in chromaticities)
    columns = np.array(primaries).T
    if abs(np.linalg.det(columns)) < 1e-6 or not any(white):
        raise ValueError("primaries that span no space")
    scaled = columns * np.linalg.solve(columns, np.array(white))
    bradford = np.array(_BRADFORD)
    cone_scale = (bradford @ np.array(_D50)) / (bradford @ np.array(white))
    adapted = np.linalg.inv(bradford) @ np.diag(cone_scale) @ bradford @ scaled
    return [(float(x), float(y), float(z)) for x, y, z in adapted.T]


def matrix_profile(
    columns: Sequence[tuple[float, float, float]], curve: bytes, version: bytes = b"\2\x40\0\0"
) -> bytes:
    """Return a display profile for RGB.

    Args:
        columns: XYZ (D50) of red, green and blue.
        curve: the tag of each channel's tone curve.
        version: of the profile, as its header states it.
    """
    white = _xyz(_D50)
    red, green, blue = (_xyz(column) for column in columns)
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"Raiha\0" + b"\0" * 78,
        b"cprt": b"text\0\0\0\0no copyright\0",
        b"wtpt": white,
        b"rXYZ": red,
        b"gXYZ": green,
        b"bXYZ": blue,
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data, begin = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, begin + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    header = struct.pack(">I4s4s", begin + len(data), b"\0\0\0\0", version) + b"mntrRGB XYZ "
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + white[8:]
    return header.ljust(128, b"\0") + table + data


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))
