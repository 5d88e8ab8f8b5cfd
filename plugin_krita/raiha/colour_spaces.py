"""Krita's colour spaces: what travels to the daemon as it is, and what is converted on the way."""

from __future__ import annotations

import re
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krita import InfoObject, Krita

from . import raiha_texts as texts
from .bands import bands
from .errors import LayerError
from .kinds import Steps
from .waiting import settled

SRGB = "sRGB-elle-V2-srgbtrc.icc"
SRGB_LIKE = (SRGB, "sRGB built-in", "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V4-srgbtrc.icc")
"""Profiles whose pixels mean what sRGB's mean; for gray ones, equal red, green and blue."""
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
SAMPLE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
SAMPLE_TYPES = {"U8": "uint8", "U16": "uint16", "F16": "float16", "F32": "float32"}
CHUNK = 1 << 21
"""Pixels looked at in one step."""
SAMPLE_FORMATS = {1: "B", 2: "H", 4: "I"}

_profiles: dict[str, bytes | None] = {}


@dataclass(frozen=True)
class Space:
    """A colour space as Krita names it: model ("RGBA"), depth ("U8") and profile."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, owner: Any) -> Space:
        """Return the colour space of a node or a document."""
        return cls(owner.colorModel(), owner.colorDepth(), owner.colorProfile())

    @property
    def channels(self) -> int:
        """Samples of a pixel; the last one is alpha."""
        return CHANNELS[self.model]

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel."""
        return self.channels * SAMPLE_BYTES[self.depth]

    @property
    def order(self) -> str:
        """The protocol's word for the order of the channels."""
        if self.model == "GRAYA":
            return "GRAYA"
        return "BGRA" if self.depth in ("U8", "U16") else "RGBA"

    @property
    def dtype(self) -> str:
        """The protocol's word for the type of a sample."""
        return SAMPLE_TYPES[self.depth]


def sent_space(own: Space) -> Space:
    """Return the colour space in which pixels of the given one travel: itself whenever the daemon reads it.

    Raises:
        LayerError: Krita cannot convert the colour space.
    """
    if own.model in ("RGBA", "GRAYA"):
        return own
    if own.model not in CHANNELS or (own.model, own.depth) == ("CMYKA", "F16"):
        raise LayerError(texts.COLOUR_SPACE_UNKNOWN, space=f"{own.model} {own.depth}")
    return Space("RGBA", "F32", SRGB)


def profile_bytes(space: Space) -> bytes | None:
    """Return the ICC profile that the daemon needs for a space that travels; None: sRGB.

    Krita's scripts see the names of profiles only, also of those that came with a picture; but a picture that
    Krita writes carries its profile.
    """
    if space.profile in SRGB_LIKE:
        return None
    if space.profile not in _profiles:
        _profiles[space.profile] = _exported_profile(space)
    return _profiles[space.profile]


def _exported_profile(space: Space) -> bytes | None:
    document = Krita.instance().createDocument(1, 1, "profile", space.model, "U16", space.profile, 72.0)
    document.setBatchmode(True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profile.png"
        wishes = InfoObject()
        wishes.setProperties({"alpha": True, "compression": 1, "forceSRGB": False, "saveSRGBProfile": True})
        document.exportImage(str(path), wishes)
        forget(document)
        return _png_profile(path.read_bytes())


def _png_profile(png: bytes) -> bytes | None:
    """Return the ICC profile in a PNG file's iCCP chunk."""
    at = 8
    while at + 8 <= len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"iCCP":
            chunk = png[at + 8 : at + 8 + length]
            return zlib.decompress(chunk[chunk.index(b"\0") + 2 :])
        at += 12 + length
    return None


def converted(pixels: Any, size: tuple[int, int], source: Space, target: Space) -> Steps:
    """Convert pixels through hidden documents, Krita's own way; yields between bands and while Krita works.

    A document for every band, because Krita converts a document in one go.
    """
    if source == target:
        return pixels
    width, height = size
    row_bytes = width * source.pixel_bytes
    rows_of_bytes = memoryview(pixels).cast("B")
    out = bytearray()
    for top, rows in bands(height, width * max(source.pixel_bytes, target.pixel_bytes)):
        band = bytes(rows_of_bytes[top * row_bytes : (top + rows) * row_bytes])
        out += memoryview((yield from _converted_band(band, (width, rows), source, target)))
    return out


def _converted_band(pixels: bytes, size: tuple[int, int], source: Space, target: Space) -> Steps:
    document = Krita.instance().createDocument(*size, "conversion", source.model, source.depth, source.profile, 72.0)
    try:
        document.topLevelNodes()[0].setPixelData(pixels, 0, 0, *size)
        yield
        document.setColorSpace(target.model, target.depth, target.profile)
        yield from settled(document)
        return document.topLevelNodes()[0].pixelData(0, 0, *size)
    finally:
        forget(document)


def forget(document: Any) -> None:
    """Close a document of ours; a modified one would ask whether to save."""
    document.setModified(False)
    document.close()


def samples(pixels: Any, space: Space) -> memoryview:
    """Return pixels as a row of samples, without a copy."""
    return memoryview(pixels).cast("B").cast(SAMPLE_FORMATS[SAMPLE_BYTES[space.depth]])


def with_alpha_of(pixels: Any, alpha_source: Any, space: Space) -> Steps:
    """Return the pixels with the alpha of others, bit for bit; yields on the way."""
    out = bytearray(pixels)
    yield
    last, step = space.channels - 1, space.channels
    row, source = samples(out, space), samples(alpha_source, space)
    for begin in range(last, len(row), CHUNK * step):
        end = begin + CHUNK * step
        row[begin:end:step] = source[begin:end:step]
        yield
    return out


def is_transparent(pixels: Any, space: Space) -> Steps:
    """Return whether every pixel's alpha is zero; yields on the way."""
    row = samples(pixels, space)
    for begin in range(space.channels - 1, len(row), CHUNK * space.channels):
        alpha = row[begin : begin + CHUNK * space.channels : space.channels].tobytes()
        if alpha.count(0) != len(alpha):
            return False
        yield
    return True


def restored_outside(pixels: bytearray, original: Any, mask: Any, pixel_bytes: int) -> Steps:
    """Put the original's pixels back wherever the mask is zero: conversion there and back is not exact."""
    source = memoryview(original).cast("B")
    for begin in range(0, len(mask), CHUNK):
        for run in re.finditer(rb"\0+", memoryview(mask)[begin : begin + CHUNK]):
            first, end = (begin + run.start()) * pixel_bytes, (begin + run.end()) * pixel_bytes
            pixels[first:end] = source[first:end]
        yield
    return pixels
