"""Tags of TIFF files and of EXIF data, which has the same structure: reading them, and writing them elsewhere."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY = 34665, 34853, 40965
_BYTES_OF_KIND = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SWAPPED_BYTES = {3: 2, 8: 2, 4: 4, 5: 4, 9: 4, 10: 4, 11: 4, 13: 4, 12: 8, 16: 8, 17: 8, 18: 8}
_MOST_ENTRIES = 1000
_MOST_BYTES = 8 << 20


class Entry(NamedTuple):
    """The value of a tag: the number of its type, how many there are, and their bytes in little-endian order."""

    kind: int
    values: int
    data: bytes

    def integers(self) -> tuple[int, ...]:
        """Return the values of a BYTE, SHORT or LONG tag; of any other none."""
        letter = {1: "B", 3: "H", 4: "I"}.get(self.kind)
        return struct.unpack(f"<{self.values}{letter}", self.data) if letter else ()


NO_ENTRY = Entry(7, 0, b"")
"""In the place of a tag that is not there."""

Directory = dict[int, Entry]


@dataclass
class Tags:
    """The directories of a file's first picture.

    Attributes:
        main: the picture's own tags.
        exif: how it was taken.
        gps: where it was taken.
        interoperability: by which rules it was written; "R98" is sRGB, "R03" Adobe RGB.
    """

    main: Directory = field(default_factory=dict)
    exif: Directory = field(default_factory=dict)
    gps: Directory = field(default_factory=dict)
    interoperability: Directory = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any tag."""
        return bool(self.main or self.exif or self.gps)


@dataclass(frozen=True)
class _Form:
    """Byte order, and the sizes of classic or of big TIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return "Q" if self.big else "I"

    @property
    def count(self) -> str:
        return "Q" if self.big else "H"

    @property
    def inline(self) -> int:
        return 8 if self.big else 4

    def unpack(self, letters: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(self.order + letters, data)

    def pack(self, letters: str, *values: int) -> bytes:
        return struct.pack(self.order + letters, *values)


def read_tiff(path: Path) -> Tags:
    """Return the tags of a TIFF file.

    Raises:
        ValueError: it is none, or it is damaged.
    """
    with path.open("rb") as file:
        return _read(file)


def read_exif(blob: bytes) -> Tags:
    """Return the tags of EXIF data, without those of its thumbnail.

    Raises:
        ValueError: it is damaged.
    """
    return _read(io.BytesIO(blob.removeprefix(b"Exif\0\0")))


def exif_blob(tags: Tags) -> bytes:
    """Return EXIF data with these tags, which holds no thumbnail."""
    form = _Form("<", big=False)
    body, at = _written(tags, {}, 8, form, end_pointer=0)
    return b"Exif\0\0II*\0" + form.pack("I", at) + body


def add_to_tiff(path: Path, tags: Tags) -> None:
    """Add tags to the first picture of a TIFF file that holds a single one."""
    if not tags:
        return
    with path.open("r+b") as file:
        form, first = _header(file)
        raw, next_offset = _raw_entries(file, form, first)
        at = (file.seek(0, 2) + 7) // 8 * 8
        body, directory = _written(tags, raw, at, form, end_pointer=next_offset)
        file.seek(at)
        file.write(body)
        file.seek(8 if form.big else 4)
        file.write(form.pack(form.offset, directory))


def _read(file: BinaryIO) -> Tags:
    try:
        form, first = _header(file)
        main = _directory(file, form, first)
        tags = Tags(main)
        tags.exif = _sub_directory(file, form, main, EXIF_DIRECTORY)
        tags.gps = _sub_directory(file, form, main, GPS_DIRECTORY)
        tags.interoperability = _sub_directory(file, form, tags.exif, INTEROPERABILITY_DIRECTORY)
        return tags
    except (struct.error, KeyError, OverflowError, OSError) as error:
        raise ValueError(f"damaged tags: {error}") from error


def _header(file: BinaryIO) -> tuple[_Form, int]:
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise ValueError("no TIFF structure")
    (magic,) = struct.unpack(f"{order}H", head[2:4])
    if magic not in (42, 43):
        raise ValueError("no TIFF structure")
    form = _Form(order, big=magic == 43)
    (first,) = form.unpack(form.offset, head[8:16] if form.big else head[4:8])
    return form, first


def _raw_entries(file: BinaryIO, form: _Form, at: int) -> tuple[dict[int, bytes], int]:
    """Return the entries of a directory as they are in the file, by their tags, and where the next directory is."""
    file.seek(at)
    (count,) = form.unpack(form.count, file.read(struct.calcsize(f"={form.count}")))
    if count > _MOST_ENTRIES:
        raise ValueError("a directory with too many tags")
    length = 20 if form.big else 12
    entries = [file.read(length) for _ in range(count)]
    raw = {form.unpack("H", entry[:2])[0]: entry for entry in entries}
    (following,) = form.unpack(form.offset, file.read(form.inline).ljust(form.inline, b"\0"))
    return raw, following


def _directory(file: BinaryIO, form: _Form, at: int) -> Directory:
    raw, _ = _raw_entries(file, form, at)
    found: Directory = {}
    left = _MOST_BYTES
    for tag, entry in raw.items():
        _, kind, count = form.unpack(f"HH{form.offset}", entry[: -form.inline])
        length = count * _BYTES_OF_KIND.get(kind, 0)
        if kind not in _BYTES_OF_KIND or length > left:
            continue
        left -= length
        if length <= form.inline:
            data = entry[-form.inline :][:length]
        else:
            file.seek(form.unpack(form.offset, entry[-form.inline :])[0])
            data = file.read(length)
        if len(data) == length:
            found[tag] = Entry(kind, count, _in_order(kind, data, form.order))
    return found


def _sub_directory(file: BinaryIO, form: _Form, parent: Directory, tag: int) -> Directory:
    pointer = parent.pop(tag, None)
    if pointer is None or pointer.kind not in (4, 13, 16, 18) or pointer.values != 1:
        return {}
    try:
        return _directory(file, form, int.from_bytes(pointer.data, "little"))
    except (struct.error, ValueError):
        return {}


def _in_order(kind: int, data: bytes, order: str) -> bytes:
    """Little-endian values in another order, and the other way round."""
    size = _SWAPPED_BYTES.get(kind, 1)
    if order == "<" or size == 1:
        return data
    return b"".join(data[start : start + size][::-1] for start in range(0, len(data), size))


def _written(tags: Tags, raw: Mapping[int, bytes], begin: int, form: _Form, end_pointer: int) -> tuple[bytes, int]:
    """Return the bytes of all directories, to be written at ``begin``, and where in the file the main one will be."""
    body = bytearray()

    def add(directory: Directory, kept: Mapping[int, bytes], following: int) -> int:
        entries = dict(kept)
        for tag, (kind, count, data) in directory.items():
            value = _in_order(kind, data, form.order)
            if len(value) > form.inline:
                place = begin + len(body)
                body.extend(value + b"\0" * (-len(value) % 8))
                value = form.pack(form.offset, place)
            entries[tag] = form.pack(f"HH{form.offset}", tag, kind, count) + value.ljust(form.inline, b"\0")
        at = begin + len(body)
        body.extend(form.pack(form.count, len(entries)))
        body.extend(b"".join(entries[tag] for tag in sorted(entries)) + form.pack(form.offset, following))
        body.extend(b"\0" * (-len(body) % 8))
        return at

    exif, main = dict(tags.exif), dict(tags.main)
    if tags.interoperability:
        exif[INTEROPERABILITY_DIRECTORY] = _pointer(add(tags.interoperability, {}, 0))
    if exif:
        main[EXIF_DIRECTORY] = _pointer(add(exif, {}, 0))
    if tags.gps:
        main[GPS_DIRECTORY] = _pointer(add(tags.gps, {}, 0))
    at = add(main, raw, end_pointer)
    return bytes(body), at


def _pointer(at: int) -> Entry:
    return Entry(4, 1, struct.pack("<I", at)) if at < 1 << 32 else Entry(16, 1, struct.pack("<Q", at))
