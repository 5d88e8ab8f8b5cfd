"""Bytes of pixels, without GIMP: what travels to the daemon and what is put together on the way back."""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

_DTYPES = {
    "u8": ("u8", "uint8"),
    "u16": ("u16", "uint16"),
    "half": ("half", "float16"),
    "float": ("float", "float32"),
    # The daemon knows no wider numbers than 32-bit float.
    "u32": ("float", "float32"),
    "double": ("float", "float32"),
}
_TYPECODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Transfer(NamedTuple):
    """How a layer's pixels travel.

    Attributes:
        encoding: babl's words for it, without the colour space, e.g. ``"R'G'B'A u8"``.
        dtype: the protocol's word for the numbers, e.g. ``"uint8"``.
        order: the protocol's word for the channels: ``"RGBA"``, ``"RGB"``, ``"GRAYA"`` or ``"GRAY"``.
        linear: whether the colour is linear in light.
    """

    encoding: str
    dtype: str
    order: str
    linear: bool


def transfer_of(encoding: str) -> Transfer:
    """Return how pixels of a babl encoding travel: as they are wherever the daemon knows the numbers."""
    model, _, numbers = encoding.partition(" ")
    if model[:1] not in ("R", "Y") or numbers not in _DTYPES:
        raise ValueError(f"no such pixels: {encoding}")
    sent, dtype = _DTYPES[numbers]
    order = ("RGB" if model.startswith("R") else "GRAY") + ("A" if model.endswith("A") else "")
    return Transfer(f"{model} {sent}", dtype, order, linear="'" not in model and "~" not in model)


def is_transparent(pixels: bytes, channels: int, value_bytes: int) -> bool:
    """Return whether the last of each pixel's channels is zero everywhere."""
    alpha = _values(pixels, value_bytes)[channels - 1 :: channels].tobytes()
    return alpha.count(0) == len(alpha)


def with_alpha_of(original: bytes, changed: bytes, channels: int, value_bytes: int) -> bytes:
    """Return ``changed`` with the last channel of ``original``, bit for bit.

    Args:
        original: pixels of ``channels`` values of ``value_bytes`` bytes (1, 2, 4 or 8) each, the last one alpha.
        changed: pixels of the same kind and number.
        channels: values per pixel.
        value_bytes: bytes per value.
    """
    out = _values(changed, value_bytes)
    out[channels - 1 :: channels] = _values(original, value_bytes)[channels - 1 :: channels]
    return out.tobytes()


def restored_outside(changed: bytes, original: bytes, mask: bytes) -> bytes:
    """Return ``changed`` with the pixels of ``original`` wherever the mask, one byte a pixel, is zero."""
    pixel_bytes = len(original) // len(mask)
    out, kept = bytearray(changed), memoryview(original)
    for run in re.finditer(rb"\0+", mask):
        start, end = run.start() * pixel_bytes, run.end() * pixel_bytes
        out[start:end] = kept[start:end]
    return bytes(out)


def _values(pixels: bytes, value_bytes: int) -> array[int]:
    values = array(_TYPECODES[value_bytes])
    values.frombytes(pixels)
    return values
