"""What a gallery takes in and gives back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.capture import UNKNOWN_CAPTURE, Capture

_LARGEST_NUMBER = 2**63 - 1


def time_of_change(status: os.stat_result) -> int:
    """Return the time of a file's last change in nanoseconds since 1970, as far as 64 bits reach (1677 to 2262)."""
    return max(-_LARGEST_NUMBER, min(status.st_mtime_ns, _LARGEST_NUMBER))


def device_of(status: os.stat_result) -> int:
    """Return the number of the file system that a file lies on, as far as 63 bits reach."""
    return status.st_dev & _LARGEST_NUMBER


@dataclass(frozen=True)
class PhotoFile:
    """A photo's file as it was when it was read; path, time and size tell whether it has changed since.

    Attributes:
        path: absolute.
        mtime_ns: time of the last change, see ``time_of_change``.
        size: bytes.
        digest: BLAKE2b-128 of the bytes, by which a moved or copied photo is known again.
        device: number of the file system that it lies on; 0 where that is not known.
    """

    path: Path
    mtime_ns: int
    size: int
    digest: bytes
    device: int = 0


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
        capture: what its EXIF tells.
    """

    file: PhotoFile
    width: int
    height: int
    features: Features
    capture: Capture = UNKNOWN_CAPTURE


@dataclass(frozen=True)
class EncodedPhoto:
    """A photo as a gallery keeps it: ``NewPhoto`` with its features as the gallery's codes.

    Attributes:
        file: where it is.
        size: upright width and height, pixels.
        grid: rows and columns of patches.
        content: codes of the patches' content, row by row.
        appearance: codes of the patches' appearance.
        prototypes: codes of the content's prototypes.
        capture: what its EXIF tells.
    """

    file: PhotoFile
    size: tuple[int, int]
    grid: tuple[int, int]
    content: bytes
    appearance: bytes
    prototypes: bytes
    capture: Capture = UNKNOWN_CAPTURE


@dataclass(frozen=True)
class GalleryPhoto:
    """A file of a photo in a gallery, without the photo's features.

    Attributes:
        id: of the photo, alike for its copies; never given twice in a gallery, and its features never change.
        file: where it was, and how its file was, when it was indexed.
        width: upright width, pixels.
        height: upright height, pixels.
        rows: rows of patches.
        columns: columns of patches.
        capture: what its EXIF tells.
    """

    id: int
    file: PhotoFile
    width: int
    height: int
    rows: int
    columns: int
    capture: Capture = UNKNOWN_CAPTURE


@dataclass(frozen=True)
class GalleryStatus:
    """A gallery at a glance.

    Attributes:
        name: of the gallery.
        photos: number of files, copies counted each.
        patches: number of patches, those of copies once.
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
