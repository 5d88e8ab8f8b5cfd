"""Krita's colour spaces: which travel to the daemon unchanged, and which are converted first."""

from __future__ import annotations

import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krita import InfoObject, Krita

from .bands import bands
from .client import raiha_texts as texts
from .client.errors import LayerError
from .client.raiha_plugin import Steps
from .waiting import settled

if TYPE_CHECKING:
    from krita import Document, Node

SRGB = "sRGB-elle-V2-srgbtrc.icc"
SRGB_LIKE = (SRGB, "sRGB built-in", "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V4-srgbtrc.icc")
"""Profiles whose pixels are sRGB's; a gray sample stands for equal red, green and blue."""
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
SAMPLE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
SAMPLE_TYPES = {"U8": "uint8", "U16": "uint16", "F16": "float16", "F32": "float32"}

_profiles: dict[str, bytes | None] = {}


@dataclass(frozen=True)
class Space:
    """A colour space as Krita names it: model ("RGBA"), depth ("U8") and profile."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, owner: Node | Document) -> Space:
        """Return the colour space of a node or a document."""
        return cls(owner.colorModel(), owner.colorDepth(), owner.colorProfile())

    @property
    def channels(self) -> int:
        """Samples per pixel; the last one is alpha."""
        return CHANNELS[self.model]

    @property
    def sample_bytes(self) -> int:
        """Bytes per sample."""
        return SAMPLE_BYTES[self.depth]

    @property
    def pixel_bytes(self) -> int:
        """Bytes per pixel."""
        return self.channels * self.sample_bytes

    @property
    def order(self) -> str:
        """The protocol's name of the channel order."""
        if self.model == "GRAYA":
            return "GRAYA"
        return "BGRA" if self.depth in ("U8", "U16") else "RGBA"

    @property
    def dtype(self) -> str:
        """The protocol's name of the sample type."""
        return SAMPLE_TYPES[self.depth]


def sent_space(own: Space) -> Space:
    """Return the colour space in which pixels travel: their own whenever the daemon can read it.

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

    Krita's scripts can read only the names of profiles, even of those embedded in a picture, but a picture that
    Krita exports contains its profile.
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
        options = InfoObject()
        options.setProperties({"alpha": True, "compression": 1, "forceSRGB": False, "saveSRGBProfile": True})
        document.exportImage(str(path), options)
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
    """Return pixels converted by Krita in hidden documents; yield after every band and while Krita works.

    Every band gets its own document, because Krita converts a document in one blocking call.
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


def forget(document: Document) -> None:
    """Close a hidden document without the question whether to save it."""
    document.setModified(False)
    document.close()
