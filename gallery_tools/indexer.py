"""Indexing: read new and changed photos of folders into a gallery, drop those that are gone, recognise moved ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor
from raiha.gallery_tools.photo_reader import KnownPhoto, PreparedPhoto, read_ahead
from raiha.gallery_tools.photos import UnreadablePhoto, find_photos
from raiha.gallery_tools.records import Features, GalleryPhoto, NewPhoto, PhotoFile, time_of_change
from raiha.gallery_tools.store import Gallery

BATCH = 2
"""Photos of one size that the extractor is given at once; with more, its layers no longer fit the cache of a core."""
_MOST_WAITING = 16
_PHOTOS_A_COMMIT = 64
_SECONDS_A_COMMIT = 5.0


@dataclass(frozen=True)
class IndexProgress:
    """How far the reading is.

    Attributes:
        done: photos that have been dealt with.
        total: photos that are new or changed.
        photos_per_second: so far.
        seconds_left: at this rate; None before the first photo is done.
    """

    done: int
    total: int
    photos_per_second: float
    seconds_left: float | None


@dataclass
class IndexReport:
    """What a run has done.

    Attributes:
        added: photos that the gallery did not hold.
        updated: photos that had changed.
        moved: photos that were known by their bytes at another place, where they no longer are.
        removed: photos that are gone from the folders.
        unchanged: photos that are as they were.
        skipped: what could not be used, and why.
        photos: photos in the gallery at the end.
        seconds: that the whole run took.
        photos_per_second: new and changed photos dealt with in each second of reading.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    photos: int = 0
    seconds: float = 0.0
    photos_per_second: float = 0.0


def require_photos(folders: Sequence[Path]) -> list[Path]:
    """Return the folders as absolute paths, if there is any photo in them.

    Raises:
        RaihaError: "folder-missing" or "no-photos".
    """
    roots = [_resolved(folder) for folder in folders]
    for root in roots:
        if not os.path.isdir(root):  # noqa: PTH112  (Path.is_dir raises for a folder that is closed to us)
            raise RaihaError(
                "folder-missing",
                f"{root} is not a folder, or is not there just now.",
                "Name an existing folder; plug the disk in if it is on one. The gallery has not been changed.",
                exit_status=2,
            )
    if next(find_photos(roots), None) is None:
        raise RaihaError(
            "no-photos",
            f"There are no photos in {', '.join(map(str, roots))}.",
            "Name a folder of JPEG, PNG, WebP or TIFF photos. The gallery has not been changed; "
            "to take a folder out of it: raiha gallery remove FOLDER.",
        )
    return roots


def _resolved(folder: Path) -> Path:
    try:
        return Path(folder).expanduser().resolve()
    except RuntimeError:  # a link in a circle, before Python 3.13
        return Path(folder).absolute()


def index(
    gallery: Gallery,
    extractor: Extractor,
    folders: Sequence[Path],
    progress: Callable[[IndexProgress], None] = lambda progress: None,
) -> IndexReport:
    """Bring a gallery up to date with folders: afterwards it holds the photos in them and below.

    What was done is kept whenever the run ends early, by Ctrl+C or by a kill.

    Args:
        gallery: made with the same extractor.
        extractor: gives the content features.
        folders: what to index. What the gallery holds from elsewhere stays.
        progress: called after each photo that was read.

    Raises:
        RaihaError: "folder-missing", "no-photos", "gallery-busy", "gallery-extractor", "gallery-weights",
            "gallery-unavailable".
    """
    gallery.require_extractor(extractor.info.name)
    gallery.require_weights(extractor.fingerprint)
    roots = require_photos(folders)
    with gallery.writing():
        if gallery.weights != extractor.fingerprint:
            gallery.note_weights(extractor.fingerprint)
        return _Run(gallery, extractor, progress).whole(roots)


class _Run:
    def __init__(self, gallery: Gallery, extractor: Extractor, progress: Callable[[IndexProgress], None]) -> None:
        self._gallery = gallery
        self._extractor = extractor
        self._progress = progress
        self._report = IndexReport()
        self._known = {photo.file.path: photo for photo in gallery.photos()}
        self._by_digest: dict[bytes, list[GalleryPhoto]] = {}
        for photo in self._known.values():
            self._by_digest.setdefault(photo.file.digest, []).append(photo)
        self._at_work: dict[tuple[int, ...], list[PreparedPhoto]] = {}
        self._to_add: list[NewPhoto] = []
        self._to_copy: list[tuple[int, PhotoFile]] = []
        self._to_move: list[tuple[int, PhotoFile]] = []
        self._to_read_again: list[Path] = []
        self._committed = time.monotonic()
        self._began = time.monotonic()
        self._done = 0
        self._total = 0

    def whole(self, roots: Sequence[Path]) -> IndexReport:
        began = time.monotonic()
        found = {root: list(find_photos([root], self._skip)) for root in roots}
        everything = {path for paths in found.values() for path in paths}
        changed = [path for path in sorted(everything) if self._has_changed(path)]
        self._read_all(changed)
        self._forget_gone(found, everything)
        self._gallery.note_indexed([root for root, paths in found.items() if paths])
        self._gallery.patches()
        report = self._report
        report.photos = self._gallery.status().photos
        report.seconds = time.monotonic() - began
        return report

    def _skip(self, path: Path, reason: str) -> None:
        self._report.skipped.append((path, reason))

    def _has_changed(self, path: Path) -> bool:
        try:
            status = path.stat()
        except OSError as error:
            self._skip(path, f"cannot be opened ({error.strerror})")
            return False
        known = self._known.get(path)
        if known and (known.file.mtime_ns, known.file.size) == (time_of_change(status), status.st_size):
            self._report.unchanged += 1
            return False
        return True

    def _read_all(self, paths: Sequence[Path]) -> None:
        self._began = time.monotonic()
        self._total = len(paths)
        try:
            self._read(paths, self._by_digest)
            # Rare: bytes were known when they were read, but their photo had made way when they were to be copied.
            while self._to_read_again:
                again, self._to_read_again = self._to_read_again, []
                self._read(again, ())
        finally:
            self._commit()
        self._report.photos_per_second = self._done / max(time.monotonic() - self._began, 1e-9)

    def _read(self, paths: Sequence[Path], known_digests: Container[bytes]) -> None:
        for path, photo in read_ahead(paths, self._extractor, known_digests):
            match photo:
                case UnreadablePhoto():
                    self._skip(path, photo.reason)
                    self._note_done(1)
                case KnownPhoto():
                    self._recognise(photo.file)
                    self._note_done(1)
                case PreparedPhoto():
                    self._take(photo)
            if time.monotonic() - self._committed > _SECONDS_A_COMMIT or len(self._to_add) >= _PHOTOS_A_COMMIT:
                self._commit()
        for shape in list(self._at_work):
            self._extract(shape)
        self._commit()

    def _take(self, photo: PreparedPhoto) -> None:
        shape = photo.pixels.shape
        self._at_work.setdefault(shape, []).append(photo)
        if len(self._at_work[shape]) == BATCH:
            self._extract(shape)
        elif sum(map(len, self._at_work.values())) >= _MOST_WAITING:
            self._extract(max(self._at_work, key=lambda shape: len(self._at_work[shape])))

    def _recognise(self, file: PhotoFile) -> None:
        same_bytes = self._by_digest[file.digest]
        for photo in same_bytes:
            if photo.file.path == file.path:
                self._to_move.append((photo.id, file))
                self._report.unchanged += 1
                return
        for photo in same_bytes:
            if _is_gone(photo.file.path) and photo.file.path in self._known:
                # From now on it is not at its old place, so a second copy is not taken for a second move.
                del self._known[photo.file.path]
                self._to_move.append((photo.id, file))
                self._report.moved += 1
                return
        self._to_copy.append((same_bytes[0].id, file))
        self._count_new(file.path)

    def _extract(self, shape: tuple[int, ...]) -> None:
        batch = self._at_work.pop(shape)
        contents = self._extractor.content_features([photo.pixels for photo in batch])
        for photo, content in zip(batch, contents, strict=True):
            features = Features(content, photo.appearance)
            self._to_add.append(NewPhoto(photo.file, photo.width, photo.height, features))
            self._count_new(photo.file.path)
        self._note_done(len(batch))

    def _count_new(self, path: Path) -> None:
        if path in self._known:
            self._report.updated += 1
        else:
            self._report.added += 1

    def _note_done(self, count: int) -> None:
        self._done += count
        rate = self._done / max(time.monotonic() - self._began, 1e-9)
        self._progress(IndexProgress(self._done, self._total, rate, (self._total - self._done) / rate))

    def _commit(self) -> None:
        without_photo = self._gallery.add_copies(self._to_copy) + self._gallery.move(self._to_move)
        self._to_read_again += [file.path for file in without_photo]
        self._gallery.add(self._to_add)
        self._to_add, self._to_copy, self._to_move = [], [], []
        self._committed = time.monotonic()

    def _forget_gone(self, found: dict[Path, list[Path]], everything: set[Path]) -> None:
        """Remove the photos that were below the folders and are no longer there.

        A folder without any photo is more likely a disk that is not plugged in than one that was emptied.
        """
        filled = [root for root, paths in found.items() if paths]
        for root in found.keys() - filled:
            self._skip(root, "holds no photos (any more); its photos in the gallery were kept")
        gone = [
            photo.id
            for photo in self._gallery.photos()
            if photo.file.path not in everything
            and any(photo.file.path.is_relative_to(root) for root in filled)
            and _is_gone(photo.file.path)
        ]
        self._gallery.remove(gone)
        self._report.removed = len(gone)


def _is_gone(path: Path) -> bool:
    """Whether there is certainly nothing at the path; a path that cannot be examined is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
