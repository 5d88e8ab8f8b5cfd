"""Indexing: read new and changed photos of folders into a gallery, drop those that are gone, recognise moved ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor
from raiha.gallery_tools.photo_folders import FoundPhoto, find_photos, is_gone, is_holder_there, walk
from raiha.gallery_tools.photo_reader import KnownPhoto, PreparedPhoto, read_ahead
from raiha.gallery_tools.photos import UnreadablePhoto
from raiha.gallery_tools.records import Features, NewPhoto, time_of_change
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
    *,
    workers: int | None = None,
) -> IndexReport:
    """Bring a gallery up to date with folders: afterwards it holds the photos in them and below.

    What was done is kept whenever the run ends early: by Ctrl+C, by a kill, or because ``progress`` raises.

    Args:
        gallery: made with the same extractor.
        extractor: gives the content features.
        folders: what to index. What the gallery holds from elsewhere stays.
        progress: called after each photo that was read; what it raises ends the run.
        workers: threads that read and decode; None: one more than there are cores.

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
        return _Run(gallery, extractor, progress, workers or default_workers()).whole(roots)


def default_workers() -> int:
    """Return how many threads keep this machine's cores busy: decoding leaves Python's lock to others."""
    return min(32, (os.cpu_count() or 1) + 1)


class _Run:
    def __init__(
        self,
        gallery: Gallery,
        extractor: Extractor,
        progress: Callable[[IndexProgress], None],
        workers: int,
    ) -> None:
        self._gallery = gallery
        self._extractor = extractor
        self._progress = progress
        self._workers = workers
        self._report = IndexReport()
        self._known = gallery.files()
        self._digests: dict[bytes, int] = {}
        self._lost: dict[int, list[str]] = {}  # by photo, the files that are no longer where they were
        self._other_device: dict[str, int] = {}  # a disk may get another number each time it is plugged in
        self._at_work: dict[tuple[int, ...], list[PreparedPhoto]] = {}
        self._to_add: list[NewPhoto] = []
        self._to_copy: list[KnownPhoto] = []
        self._moved_away: list[Path] = []
        self._to_read_again: list[Path] = []
        self._committed = time.monotonic()
        self._began = time.monotonic()
        self._done = 0
        self._total = 0

    def whole(self, roots: Sequence[Path]) -> IndexReport:
        began = time.monotonic()
        found: set[str] = set()
        ignored: list[str] = []
        filled, changed = [], []
        for root in roots:
            before = len(found)
            for photo in walk([root], self._skip, ignored.append):
                if photo.path not in found:
                    found.add(photo.path)
                    if self._has_changed(photo):
                        changed.append(Path(photo.path))
            if len(found) > before or any(Path(path).is_relative_to(root) for path in found):
                filled.append(root)
        if changed:
            self._digests = self._gallery.digests()
            self._note_lost(found)
        self._gallery.note_devices(self._other_device)
        self._read_all(changed)
        self._forget_gone(roots, filled, found, ignored)
        self._gallery.note_indexed(filled, self._report.skipped)
        self._gallery.refresh_index()
        report = self._report
        report.photos = self._gallery.status().photos
        report.seconds = time.monotonic() - began
        return report

    def _skip(self, path: Path, reason: str) -> None:
        self._report.skipped.append((path, reason))

    def _has_changed(self, photo: FoundPhoto) -> bool:
        try:
            status = photo.entry.stat()
        except OSError as error:
            self._skip(Path(photo.path), f"cannot be opened ({error.strerror})")
            return False
        known = self._known.get(photo.path)
        if known and known[:2] == (time_of_change(status), status.st_size):
            if known.device != photo.device:
                self._other_device[photo.path] = photo.device
            self._report.unchanged += 1
            return False
        return True

    def _note_lost(self, found: Container[str]) -> None:
        for path, state in self._known.items():
            if path not in found and is_gone(Path(path)):
                self._lost.setdefault(state.photo_id, []).append(path)

    def _read_all(self, paths: Sequence[Path]) -> None:
        self._began = time.monotonic()
        self._total = len(paths)
        try:
            left = self._read_claimed(paths)
            if left:  # another process had them; what it has not done by now is done here
                self._known = self._gallery.files()
                self._read_claimed([path for path in left if self._is_still_to_read(path)])
            # Rare: bytes were known when they were read, but their photo had made way when they were to be copied.
            while self._to_read_again:
                again, self._to_read_again = self._to_read_again, []
                self._read(again, ())
        finally:
            self._commit()
        self._report.photos_per_second = self._done / max(time.monotonic() - self._began, 1e-9)

    def _read_claimed(self, paths: Sequence[Path]) -> list[Path]:
        """Read the photos that no other process reads; return the others."""
        left = []

        def claimed() -> Iterator[Path]:
            for path in paths:
                if self._gallery.claim(path):
                    yield path
                else:
                    left.append(path)

        self._read(claimed(), self._digests)
        return left

    def _is_still_to_read(self, path: Path) -> bool:
        known = self._known.get(str(path))
        try:
            status = path.stat()
        except OSError:
            return False
        return known is None or known[:2] != (time_of_change(status), status.st_size)

    def _read(self, paths: Iterable[Path], known_digests: Container[bytes]) -> None:
        for path, photo in read_ahead(paths, self._extractor, known_digests, self._workers):
            match photo:
                case UnreadablePhoto():
                    self._skip(path, photo.reason)
                    self._note_done(1)
                case KnownPhoto():
                    self._recognise(photo)
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

    def _recognise(self, photo: KnownPhoto) -> None:
        """Take a file whose bytes the gallery knows: as it was, moved, or a copy."""
        path = str(photo.file.path)
        photo_id = self._digests[photo.file.digest]
        self._to_copy.append(photo)
        known = self._known.get(path)
        if known and known.photo_id == photo_id:
            self._report.unchanged += 1
        elif former := self._moved_from(photo_id):
            self._moved_away.append(former)
            self._report.moved += 1
        else:
            self._count_new(path)

    def _moved_from(self, photo_id: int) -> Path | None:
        """Return where the photo was, if that is gone for certain; each such place is the origin of one move."""
        lost = self._lost.get(photo_id, [])
        for number, path in enumerate(lost):
            if is_holder_there(Path(path), self._known[path].device, may_be_empty=True):
                return Path(lost.pop(number))
        return None

    def _extract(self, shape: tuple[int, ...]) -> None:
        batch = self._at_work.pop(shape)
        contents = self._extractor.content_features([photo.pixels for photo in batch])
        for photo, content in zip(batch, contents, strict=True):
            features = Features(content, photo.appearance)
            self._to_add.append(NewPhoto(photo.file, photo.width, photo.height, features, photo.capture))
            self._count_new(str(photo.file.path))
        self._note_done(len(batch))

    def _count_new(self, path: str) -> None:
        if path in self._known:
            self._report.updated += 1
        else:
            self._report.added += 1

    def _note_done(self, count: int) -> None:
        self._done += count
        rate = self._done / max(time.monotonic() - self._began, 1e-9)
        self._progress(IndexProgress(self._done, self._total, rate, (self._total - self._done) / rate))

    def _commit(self) -> None:
        copies = [(photo.file, photo.capture) for photo in self._to_copy]
        self._to_read_again += [file.path for file in self._gallery.add_copies(copies)]
        self._gallery.remove(self._moved_away)
        self._digests.update(self._gallery.add(self._to_add))  # copies of these need no extraction
        self._to_add, self._to_copy, self._moved_away = [], [], []
        self._committed = time.monotonic()

    def _forget_gone(
        self, roots: Sequence[Path], filled: Sequence[Path], found: Container[str], ignored: Sequence[str]
    ) -> None:
        """Remove the photos that were below the folders and are no longer there, or are to be ignored now.

        A folder without any photo is more likely a disk that is not plugged in than one that was emptied.
        """
        for root in roots:
            if root not in filled:
                self._skip(root, "holds no photos (any more); its photos in the gallery were kept")
        below_filled, below_ignored = _prefixes(filled), _prefixes(ignored)
        removed, kept = [], set()
        for text, state in self._gallery.files().items():
            if text in found or not (text + os.sep).startswith(below_filled):
                continue
            path = Path(text)
            if (text + os.sep).startswith(below_ignored):
                removed.append(path)
            elif is_gone(path):
                if is_holder_there(path, state.device, may_be_empty=False):
                    removed.append(path)
                else:
                    kept.add(path.parent)
        for folder in sorted(kept):
            self._skip(folder, "is empty or not there just now; its photos in the gallery were kept")
        self._gallery.remove(removed)
        self._report.removed = len(removed)


def _prefixes(paths: Sequence[Path | str]) -> tuple[str, ...]:
    return tuple(str(path).rstrip(os.sep) + os.sep for path in paths)
