"""The chunks of a PNG: reading them, and putting some into another PNG."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_CARRIED = (b"cICP", b"sRGB", b"gAMA", b"cHRM", b"mDCV", b"cLLI", b"oFFs", b"tEXt", b"zTXt", b"iTXt")
_WRITTEN_ANEW = (b"XML:com.adobe.xmp\0", b"Raw profile type ")
"""Keys of texts that are XMP, EXIF or IPTC, which are not carried as texts."""
_MOST_BYTES = 16 << 20


class Chunk(NamedTuple):
    """A chunk's type, such as ``b"tEXt"``, and its body."""

    kind: bytes
    body: bytes


def read_chunks(path: Path) -> list[Chunk]:
    """Return the chunks of a PNG but its pixels; of another or a damaged file those before the damage.

    Chunks that together hold more than 16 MB are left out.
    """
    return list(_chunks(path))


def carried_chunks(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Return those that describe the picture, whatever becomes of its pixels: texts, and what its colours mean."""
    return tuple(chunk for chunk in chunks if chunk.kind in _CARRIED and not chunk.body.startswith(_WRITTEN_ANEW))


def insert_chunks(path: Path, chunks: Sequence[Chunk]) -> None:
    """Put chunks into a PNG file, before its pixels."""
    if not chunks:
        return
    whole = path.read_bytes()
    header_end = len(SIGNATURE) + 25  # IHDR, which is always first: 4 + 4 + 13 + 4 bytes
    with path.open("wb") as file:
        file.write(whole[:header_end])
        for kind, body in chunks:
            file.write(len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big"))
        file.write(whole[header_end:])


def _chunks(path: Path) -> Iterator[Chunk]:
    left = _MOST_BYTES
    with path.open("rb") as file:
        if file.read(8) != SIGNATURE:
            return
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"IEND":
                return
            if kind in (b"IDAT", b"fdAT") or length > left:
                file.seek(length + 4, 1)
                continue
            left -= length
            body = file.read(length)
            if len(body) < length:
                return
            file.seek(4, 1)
            yield Chunk(kind, body)
