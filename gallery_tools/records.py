"""What a gallery takes in and gives back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LARGEST_TIME = 2**63 - 1


def time_of_change(status: os.stat_result) -> int:
    """Return the time of a file's last change in nanoseconds since 1970, as far as 64 bits reach (1677 to 2262)."""
    return max(-_LARGEST_TIME, min(status.st_mtime_ns, _LARGEST_TIME))


@dataclass(frozen=True)
class PhotoFile:
    """A photo's file as it was when it was read; path, time and size tell whether it has changed since.

    Attributes:
        path: absolute.
        mtime_ns: time of the last change, see ``time_of_change``.
        size: bytes.
        digest: BLAKE2b-128 of the bytes, by which a moved or copied photo is known again.
    """

    path: Path
    mtime_ns: int
    size: int
    digest: bytes


@dataclass(frozen=True)
class Features:
    """What a search compares of a photo.

    Attributes:
        content: (rows, columns, d) float32 unit length (formula 2).
        appearance: (rows, columns, bins) float32 unit length (formula 4).
    """

    content: NDArray[np.float32]
    appearance: NDArray[np.float32]


@dataclass(frozen=True)
class NewPhoto:
    """A photo that is to be added to a gallery.

    Attributes:
        file: where it is.
        width: upright width, pixels.
        height: upright height, pixels.
        features: its features.
    """

    file: PhotoFile
    width: int
    height: int
    features: Features


@dataclass(frozen=True)
class GalleryPhoto:
    """A photo in a gallery, without its features.

    Attributes:
        id: never given twice in a gallery; the features of an id never change.
        file: where it was, and how its file was, when it was indexed.
        width: upright width, pixels.
        height: upright height, pixels.
        rows: rows of patches.
        columns: columns of patches.
    """

    id: int
    file: PhotoFile
    width: int
    height: int
    rows: int
    columns: int


@dataclass(frozen=True)
class GalleryStatus:
    """A gallery at a glance.

    Attributes:
        name: of the gallery.
        photos: number of photos.
        patches: number of patches.
        bytes: size on the disk.
        extractor: name of the extractor that it was made with.
        last_indexed: seconds since 1970; None: never to the end.
        folders: the folders that have been indexed.
    """

    name: str
    photos: int
    patches: int
    bytes: int
    extractor: str
    last_indexed: float | None
    folders: tuple[Path, ...]
