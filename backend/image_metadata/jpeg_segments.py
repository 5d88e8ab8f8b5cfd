"""The segments of a JPEG before its pixels: comments, and whether the file holds further pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

_COMMENT, _APP0, _APP2, _APP15, _SCAN = 0xFE, 0xE0, 0xE2, 0xEF, 0xDA


def read_comments(path: Path) -> tuple[bytes, ...]:
    """Return a JPEG's comments; of any other file none."""
    return tuple(body for marker, body in _segments(path) if marker == _COMMENT)


def has_further_pictures(path: Path) -> bool:
    """Whether a JPEG holds more pictures than the one that is shown (MPF): gain maps, views, previews."""
    return any(marker == _APP2 and body.startswith(b"MPF\0") for marker, body in _segments(path))


def insert_comments(path: Path, comments: Sequence[bytes]) -> None:
    """Put comments into a JPEG file, behind its application segments."""
    if not comments:
        return
    whole = path.read_bytes()
    at = 2
    while whole[at] == 0xFF and _APP0 <= whole[at + 1] <= _APP15:
        at += 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
    segments = b"".join(b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment for comment in comments)
    path.write_bytes(whole[:at] + segments + whole[at:])


def _segments(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _SCAN:
            length = int.from_bytes(head[2:], "big") - 2
            body = file.read(max(length, 0))
            if length < 0 or len(body) < length:
                return
            yield head[1], body
