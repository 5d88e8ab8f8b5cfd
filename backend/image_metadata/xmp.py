"""XMP that describes the picture as it is now: without thumbnails of the old one, and upright."""

from __future__ import annotations

import re

_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails\b(?:[^>]*/>|.*?</\1:Thumbnails\s*>)", re.DOTALL)
_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)[2-8](?=\s*["'<])""")


def of_the_new_picture(packet: bytes) -> bytes:
    """Return an XMP packet without thumbnails, and with the orientation of a picture that has been turned upright."""
    return _ORIENTATION.sub(rb"\g<1>1", _THUMBNAILS.sub(b"", packet))
