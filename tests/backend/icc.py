"""ICC profiles for tests, made from their definitions."""

from __future__ import annotations

import struct

import numpy as np

XYZ_D50 = {
    "adobe": ((0.6097559, 0.2052401, 0.1492240), (0.3111242, 0.6256560, 0.0632197), (0.0194811, 0.0608902, 0.7448387)),
    "p3": ((0.5151187, 0.2919778, 0.1571035), (0.2411892, 0.6922441, 0.0665668), (-0.0010505, 0.0418791, 0.7840713)),
    "prophoto": ((0.7976749, 0.1351917, 0.0313534), (0.2880402, 0.7118741, 0.0000857), (0.0, 0.0, 0.8252100)),
    "rec2020": (
        (0.6734241, 0.1656411, 0.1251286),
        (0.2790177, 0.6753402, 0.0456377),
        (-0.0019300, 0.0299784, 0.7973330),
    ),
    "srgb": ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733)),
}


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def linear() -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">I", 0)


def sampled(values: np.ndarray) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *np.rint(values * 65535).astype(int))


def parametric(kind: int, *parameters: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(f">HH{len(parameters)}i", kind, 0, *(round(p * 65536) for p in parameters))


SRGB_CURVE = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(primaries: str, curve: bytes, version: int = 4) -> bytes:
    """Return a matrix profile with the same curve for red, green and blue."""
    columns = np.array(XYZ_D50[primaries]).T
    tags = {b"desc": _text(b"test", version), b"cprt": _text(b"none", version), b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    tags |= {name: _xyz(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return pack(tags, version)


def pack(tags: dict[bytes, bytes], version: int = 4, kind: bytes = b"mntrRGB XYZ ") -> bytes:
    table, data, begin = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, begin + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    head = struct.pack(">I4sB3x", begin + len(data), b"\0\0\0\0", version) + kind
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data


def table_profile(power: float) -> bytes:
    """Return a profile that works by 16-bit tables both ways: values to this power are amounts of sRGB's primaries."""
    steps = np.linspace(0, 1, 4096)
    corners = np.stack(np.meshgrid((0, 1), (0, 1), (0, 1), indexing="ij"), axis=-1).reshape(-1, 3)
    to_xyz = np.array(XYZ_D50["srgb"])
    tags = {b"desc": _text(b"test", 2), b"cprt": _text(b"none", 2), b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    tags[b"A2B0"] = _lut16(np.eye(3), steps**power, corners @ to_xyz.T * (32768 / 65535))
    tags[b"B2A0"] = _lut16(np.linalg.inv(to_xyz) * (65535 / 32768), steps ** (1 / power), corners)
    return pack(tags, 2)


def _lut16(matrix: np.ndarray, curve: np.ndarray, corners: np.ndarray) -> bytes:
    """Return a matrix (used for XYZ alone), a curve for each channel, and a table of 2 x 2 x 2 points."""
    head = struct.pack(">4B9i", 3, 3, 2, 0, *np.rint(matrix.ravel() * 65536).astype(int))
    lengths = struct.pack(">2H", len(curve), 2)
    ends = struct.pack(">2H", 0, 65535) * 3
    return b"mft2\0\0\0\0" + head + lengths + _words(curve) * 3 + _words(corners) + ends


def _words(values: np.ndarray) -> bytes:
    return np.rint(values * 65535).clip(0, 65535).astype(">u2").tobytes()


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def _text(text: bytes, version: int) -> bytes:
    if version >= 4:
        wide = text.decode().encode("utf-16-be")
        return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(wide), 28) + wide
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + b"\0" * 78
