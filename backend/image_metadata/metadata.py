"""What goes from the picture that was read to the picture that is written, and what is lost on the way."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from raiha.backend.image_metadata import iptc, jpeg_segments, png_chunks, xmp
from raiha.backend.image_metadata.png_chunks import Chunk
from raiha.backend.image_metadata.tiff_tags import NO_ENTRY, Entry, Tags, add_to_tiff, exif_blob, read_exif, read_tiff

DESCRIPTION, ARTIST, COPYRIGHT = 270, 315, 33432
_DESCRIPTIVE = frozenset(
    {269, DESCRIPTION, 271, 272, 285, 305, 306, ARTIST, 316, COPYRIGHT, *range(40091, 40096), 18246}
)
"""Tags of a TIFF, and of EXIF's main directory, that hold true for the new picture: names, dates, authors, rating."""

_IPTC = 33723
_MAKER_NOTE, _WIDTH, _HEIGHT = 37500, 40962, 40963
_LAYERS_OF_PHOTOSHOP = 37724
_MOST_EXIF_IN_JPEG = 65000
_TAG_OF_TEXT = {"Description": DESCRIPTION, "Author": ARTIST, "Copyright": COPYRIGHT}
"""Of a PNG's texts, those that other formats have a tag for."""

_TIFF, _PNG, _JPEG = (".tif", ".tiff"), (".png",), (".jpg", ".jpeg")


@dataclass(frozen=True)
class Metadata:
    """What a file holds beside its pixels and their profile.

    Attributes:
        tags: EXIF, or a TIFF's own tags; without thumbnails, orientation and size.
        xmp: packet without thumbnails.
        iptc: bare IPTC data.
        chunks: of a PNG, its texts and what its colours mean.
        comments: of a JPEG.
        lost: what of the file read is not here, each to be continued by "is not in the result".
    """

    tags: Tags = field(default_factory=Tags)
    xmp: bytes | None = None
    iptc: bytes | None = None
    chunks: tuple[Chunk, ...] = ()
    comments: tuple[bytes, ...] = ()
    lost: tuple[str, ...] = ()


def read_metadata(path: Path, image: Any, chunks: Sequence[Chunk] = ()) -> Metadata:
    """Return what a file holds.

    Args:
        path: the file.
        image: the pyvips image that was opened from it.
        chunks: those of the file, if it is a PNG.
    """
    tags, news, lost = _tags(path, image)
    lost += _further_pictures(path, image, chunks)
    packet = _blob(image, "xmp-data")
    return Metadata(
        tags=tags,
        xmp=packet and xmp.of_the_new_picture(packet),
        iptc=(news and iptc.unwrapped(news)) or None,
        chunks=png_chunks.carried_chunks(chunks),
        comments=jpeg_segments.read_comments(path),
        lost=tuple(lost),
    )


def for_format(metadata: Metadata, ending: str) -> Metadata:
    """Return what of it a file with this ending can hold; the rest is named in ``lost``."""
    tags, lost = metadata.tags, list(metadata.lost)
    texts = [chunk for chunk in metadata.chunks if chunk.kind in (b"tEXt", b"zTXt", b"iTXt")]
    if texts and ending not in _PNG:
        from_texts, left_out = _tags_of_texts(texts)
        tags = replace(tags, main={**from_texts, **tags.main})
        lost += left_out
    if metadata.comments and ending not in _JPEG:
        lost.append("the comment of the JPEG")
    if metadata.iptc and ending not in _TIFF + _JPEG:
        lost.append("the IPTC data")
    if ending in _JPEG and len(exif_blob(tags)) > _MOST_EXIF_IN_JPEG:
        tags = replace(tags, exif={tag: entry for tag, entry in tags.exif.items() if tag != _MAKER_NOTE})
        lost.append("the camera's own notes, which are too long for a JPEG,")
    return replace(
        metadata,
        tags=tags,
        iptc=metadata.iptc if ending in _TIFF + _JPEG else None,
        chunks=metadata.chunks if ending in _PNG else (),
        comments=metadata.comments if ending in _JPEG else (),
        lost=tuple(lost),
    )


def vips_fields(metadata: Metadata, ending: str) -> Mapping[str, bytes]:
    """Return what libvips writes by itself, by the names that it has for it."""
    fields = {"xmp-data": metadata.xmp}
    if ending not in _TIFF and metadata.tags:
        fields["exif-data"] = exif_blob(metadata.tags)
    if ending in _JPEG and metadata.iptc:
        fields["iptc-data"] = iptc.wrapped(metadata.iptc)
    return {name: value for name, value in fields.items() if value}


def complete_file(path: Path, metadata: Metadata, ending: str) -> None:
    """Add to a file that libvips has written what it does not write."""
    if ending in _TIFF:
        news = {_IPTC: Entry(7, len(metadata.iptc), metadata.iptc)} if metadata.iptc else {}
        add_to_tiff(path, replace(metadata.tags, main={**metadata.tags.main, **news}))
    elif ending in _PNG:
        png_chunks.insert_chunks(path, metadata.chunks)
    elif ending in _JPEG:
        jpeg_segments.insert_comments(path, metadata.comments)


def _blob(image: Any, name: str) -> bytes | None:
    return bytes(image.get(name)) if image.get_typeof(name) else None


def _tags(path: Path, image: Any) -> tuple[Tags, bytes | None, list[str]]:
    """Tags, IPTC data as the file holds it, and what is lost of them."""
    is_tiff = str(image.get("vips-loader")).startswith("tiff")
    blob, news = _blob(image, "exif-data"), _blob(image, "iptc-data")
    if not is_tiff and blob is None:
        return Tags(), news, []
    try:
        tags = read_tiff(path) if is_tiff else read_exif(blob or b"")
    except ValueError:
        return Tags(), news, ["the EXIF data, which is damaged,"]
    if is_tiff:  # libvips cuts it short
        news = tags.main.get(_IPTC, NO_ENTRY).data
    lost = ["the layers of Photoshop"] if _LAYERS_OF_PHOTOSHOP in tags.main else []
    tags.main = {tag: entry for tag, entry in tags.main.items() if tag in _DESCRIPTIVE}
    for tag in (_WIDTH, _HEIGHT):
        tags.exif.pop(tag, None)
    if b"\xff\xd8\xff" in tags.exif.get(_MAKER_NOTE, NO_ENTRY).data:
        del tags.exif[_MAKER_NOTE]
        lost.append("the camera's own notes, which hold a preview of the old picture,")
    return tags, news, lost


def _further_pictures(path: Path, image: Any, chunks: Sequence[Chunk]) -> list[str]:
    lost = []
    pages = image.get("n-pages") if image.get_typeof("n-pages") else 1
    if pages > 1:
        lost.append("every page or frame but the first")
    if any(chunk.kind == b"acTL" for chunk in chunks):
        lost.append("the animation")
    if jpeg_segments.has_further_pictures(path) or image.get_typeof("gainmap-data"):
        lost.append("what the file holds beside the picture shown (gain map, views or previews)")
    return lost


def _tags_of_texts(texts: Sequence[Chunk]) -> tuple[dict[int, Entry], list[str]]:
    found: dict[int, Entry] = {}
    lost = []
    for chunk in texts:
        for key, text in _texts(chunk):
            if key in _TAG_OF_TEXT:
                value = text + b"\0"
                found[_TAG_OF_TEXT[key]] = Entry(2, len(value), value)
            else:
                lost.append(f"the text {key!r}")
    return found, lost


def _texts(chunk: Chunk) -> Iterator[tuple[str, bytes]]:
    """Key and UTF-8 text of a tEXt, zTXt or iTXt chunk; nothing of a damaged one."""
    key, _, rest = chunk.body.partition(b"\0")
    compressed = chunk.kind == b"zTXt"
    if chunk.kind == b"iTXt":
        compressed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]
    elif compressed:
        rest = rest[1:]
    with suppress(zlib.error):
        if compressed:
            rest = zlib.decompressobj().decompress(rest, 1 << 20)
        yield key.decode("latin-1"), rest if chunk.kind == b"iTXt" else rest.decode("latin-1").encode()
