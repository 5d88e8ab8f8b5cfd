"""IPTC data: bare, as TIFF holds it, and wrapped in Photoshop's resources, as JPEG does."""

from __future__ import annotations

_RESOURCES = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404


def unwrapped(data: bytes) -> bytes:
    """Return the IPTC data of a JPEG's Photoshop resources; bare data as it is.

    The other resources, among them a thumbnail of the old picture, are left out.
    """
    if not data.startswith(_RESOURCES):
        return data.rstrip(b"\0") if data[:1] == b"\x1c" else b""
    at = len(_RESOURCES)
    while data[at : at + 4] == b"8BIM" and at + 8 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        name_length = data[at + 6] + 1
        at += 6 + name_length + name_length % 2
        length = int.from_bytes(data[at : at + 4], "big")
        if number == _IPTC_RESOURCE:
            return data[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return b""


def wrapped(data: bytes) -> bytes:
    """Return IPTC data as the payload of a JPEG's APP13 segment."""
    return _RESOURCES + b"8BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data + b"\0" * (len(data) % 2)
