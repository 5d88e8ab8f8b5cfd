"""Export of a gallery for other programs: JSON, and the features as NumPy arrays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.records import GalleryPhoto
from raiha.gallery_tools.store import Gallery
from raiha.gallery_tools.whole_file import replace_whole

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def export_photos(gallery: Gallery, file: Path) -> None:
    """Write a JSON file: the gallery's extractor and folders, and each photo's path, size, date and digest."""
    description = {
        "format": "raiha-gallery",
        "version": 1,
        "name": gallery.name,
        "extractor": gallery.extractor,
        "weights": gallery.weights,
        "dimension": gallery.dimension,
        "folders": [str(folder) for folder in gallery.folders()],
        "photos": [_described(photo) for photo in gallery.photos()],
    }
    with replace_whole(file) as whole:
        whole.write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def export_features(gallery: Gallery, file: Path) -> None:
    """Write a NumPy .npz file, in the order of the JSON file's photos; it grows with the gallery.

    ``content`` (patches, d) and ``appearance`` (patches, bins) float16 hold the patches of all photos row by row;
    photo n has the patches from ``first_patch[n]`` up to ``first_patch[n + 1]``.
    """
    photos = gallery.photos()
    first_patch = np.cumsum([0, *(photo.rows * photo.columns for photo in photos)], dtype=np.int64)
    content = (gallery.features(photo.id).content for photo in photos)
    appearance = (gallery.features(photo.id).appearance for photo in photos)
    with replace_whole(file) as whole, zipfile.ZipFile(whole, "w") as archive:
        _write_rows(archive, "content", content, (int(first_patch[-1]), gallery.dimension))
        _write_rows(archive, "appearance", appearance, (int(first_patch[-1]), BINS))
        with archive.open("first_patch.npy", "w") as member:
            np.lib.format.write_array(member, first_patch)


def _write_rows(
    archive: zipfile.ZipFile, name: str, parts: Iterator[NDArray[np.float32]], shape: Sequence[int]
) -> None:
    """One photo at a time, so that a gallery larger than the memory can be written."""
    header = {"descr": "<f2", "fortran_order": False, "shape": tuple(shape)}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(member, header)
        for part in parts:
            member.write(part.astype("<f2").tobytes())


def _described(photo: GalleryPhoto) -> dict[str, Any]:
    return {
        "path": str(photo.file.path),
        "width": photo.width,
        "height": photo.height,
        "bytes": photo.file.size,
        "modified": (_EPOCH + timedelta(seconds=photo.file.mtime_ns / 1e9)).isoformat(),
        "blake2b_128": photo.file.digest.hex(),
        "rows": photo.rows,
        "columns": photo.columns,
        "taken": photo.capture.taken and (_EPOCH + timedelta(seconds=photo.capture.taken)).isoformat()[:19],
        "camera": photo.capture.camera,
        "latitude": photo.capture.latitude,
        "longitude": photo.capture.longitude,
    }
