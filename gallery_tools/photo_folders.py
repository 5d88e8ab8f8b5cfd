"""Finding photos below folders: what is passed over, and what was there and is gone."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from raiha.gallery_tools.records import device_of

_PILLOW_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".avif"})
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
RAW_SUFFIXES = frozenset({".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"})
_PHOTO_SUFFIXES = _PILLOW_SUFFIXES | HEIF_SUFFIXES | RAW_SUFFIXES
_IGNORE_FILE = ".raihaignore"
_IGNORED_NAMES = ("@eaDir", "node_modules")

HAS_HEIF = importlib.util.find_spec("pillow_heif") is not None
HAS_RAW = importlib.util.find_spec("rawpy") is not None

Skip = Callable[[Path, str], None]
"""Called with a file or folder that is left out, and the reason."""


class FoundPhoto(NamedTuple):
    """A photo's file as the walk meets it.

    Attributes:
        path: absolute.
        entry: of its folder's listing; its ``stat`` is asked of the system once.
        device: number of the file system that its folder lies on.
    """

    path: str
    entry: os.DirEntry[str]
    device: int


def _pass(*_: object) -> None:
    pass


def find_photos(folders: Iterable[Path], skip: Skip = _pass) -> Iterator[Path]:
    """Yield the absolute paths of the photos that ``walk`` finds."""
    return (Path(found.path) for found in walk(folders, skip))


def walk(folders: Iterable[Path], skip: Skip = _pass, ignored: Callable[[str], None] = _pass) -> Iterator[FoundPhoto]:
    """Every photo in the folders and below, each once, in an order that stays the same.

    Hidden files and folders, thumbnails of NAS systems, node_modules and what a .raihaignore names are passed over: a
    name or pattern a line (``*.png``, ``Receipts``, ``2019/raw``), for its folder and all below; an empty one stands
    for the whole folder. Links to folders are followed after everything that is really there; a link that leads back
    to a visited folder is passed over.

    Args:
        folders: where to look; each is to exist.
        skip: called with what should hold photos but cannot be used.
        ignored: called with the path of each file or folder that a .raihaignore names.
    """
    no_rules: tuple[_Rule, ...] = ()
    folders_left = [(str(Path(folder).absolute()), no_rules) for folder in folders][::-1]
    links_left: list[tuple[str, tuple[_Rule, ...]]] = []
    visited: set[tuple[int, int]] = set()
    while folders_left or links_left:
        folder, rules = folders_left.pop() if folders_left else links_left.pop(0)
        try:
            status = os.stat(folder)  # noqa: PTH116  (a Path for each folder costs more than the walk itself)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            skip(readable_path(folder), f"cannot be opened ({error.strerror})")
            continue
        rules = (*rules, *_rules_in(folder, entries))
        below, photos = [], []
        for entry in entries:
            if entry.name.startswith((".", *_IGNORED_NAMES)):
                continue
            if any(rule.names(entry) for rule in rules):
                ignored(entry.path)
            elif _is_folder(entry, skip):
                below.append(entry)
            elif os.path.splitext(entry.name)[1].lower() in _PHOTO_SUFFIXES and _is_usable(entry, skip):  # noqa: PTH122
                photos.append(entry)
        folders_left.extend((entry.path, rules) for entry in reversed(below) if not entry.is_symlink())
        links_left.extend((entry.path, rules) for entry in below if entry.is_symlink())
        for entry in photos:
            yield FoundPhoto(entry.path, entry, device_of(status))


class _Rule(NamedTuple):
    """A line of a .raihaignore in a folder."""

    folder: str
    pattern: str

    def names(self, entry: os.DirEntry[str]) -> bool:
        """Whether the line names a file or folder below its folder."""
        if "/" not in self.pattern:
            return fnmatch(entry.name, self.pattern)
        return fnmatch(os.path.relpath(entry.path, self.folder).replace(os.sep, "/"), self.pattern)


def _rules_in(folder: str, entries: list[os.DirEntry[str]]) -> list[_Rule]:
    if not any(entry.name == _IGNORE_FILE for entry in entries):
        return []
    try:
        text = (Path(folder) / _IGNORE_FILE).read_text(errors="replace")
    except OSError:
        return []
    lines = [line.strip().rstrip("/") for line in text.splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    return [_Rule(folder, pattern.lstrip("/")) for pattern in patterns or ["*"]]


def _is_folder(entry: os.DirEntry[str], skip: Skip) -> bool:
    """Whether it is a folder, links followed; a link in a circle or into a folder that is closed to us is none."""
    try:
        return entry.is_dir()
    except OSError as error:
        if Path(entry.name).suffix.lower() not in _PHOTO_SUFFIXES:  # those are named when they are opened
            skip(readable_path(entry.path), f"cannot be opened ({error.strerror})")
        return False


def _is_usable(entry: os.DirEntry[str], skip: Skip) -> bool:
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
    if not _is_text(entry.path):
        skip(readable_path(entry.path), "has a name that is not valid Unicode")
    elif suffix in HEIF_SUFFIXES and not HAS_HEIF:
        skip(Path(entry.path), "is a HEIF photo; to read these: pip install 'raiha[heif]'")
    elif suffix in RAW_SUFFIXES and not HAS_RAW:
        skip(Path(entry.path), "is a raw photo; to read these: pip install 'raiha[raw]'")
    else:
        return True
    return False


def readable_path(path: str | Path) -> Path:
    """Return the path with a question mark for every byte that is no text, so that it can be stored and printed."""
    return Path(os.fsencode(path).decode(errors="replace"))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_gone(path: Path) -> bool:
    """Whether there is certainly nothing at the path; a path that cannot be examined is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_holder_there(path: Path, device: int, *, may_be_empty: bool) -> bool:
    """Whether what held a file that is gone is there, so that the file must have been removed.

    It is not when the disk is unplugged: then a link leads nowhere, the nearest folder lies on another file system, or
    it is an empty folder, the mount point. A folder that was emptied looks the same, so its photos are kept as well.

    Args:
        path: of the file.
        device: of the file system that its folder was on; 0 where that is not known.
        may_be_empty: whether an empty folder counts as there.
    """
    for folder in path.parents:
        if is_gone(folder):
            continue
        try:
            if device and device_of(folder.stat()) != device:
                return False
            with os.scandir(folder) as listing:
                return may_be_empty or any(listing)
        except OSError:
            return False
    return False
