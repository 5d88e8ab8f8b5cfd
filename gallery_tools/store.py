"""The gallery: which photos there are and what their features are.

SQLite holds the truth; the FAISS file beside it can be lost at any time. One process writes, any number read.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.gallery_file import (
    create_database,
    damaged,
    database_path,
    gallery_folder,
    open_database,
    told_errors,
)
from raiha.gallery_tools.patch_index import PatchIndex
from raiha.gallery_tools.records import Features, GalleryPhoto, GalleryStatus, NewPhoto, PhotoFile

_LOCK = "writer.lock"
PATCHES_FILE = "patches.faiss"
_FILE = "path, mtime_ns, size, digest"
_SIZE = "width, height, rows, columns"
_DESCRIPTION = f"{_SIZE}, content, appearance"
_COLUMNS = f"id, {_FILE}, {_SIZE}"
_INSERT = f"INSERT OR REPLACE INTO photos ({_FILE}, {_DESCRIPTION})"


class Gallery:
    """One gallery, open. Use it from one thread at a time.

    Attributes:
        name: of the gallery.
        extractor: name of the extractor that its features come from.
        dimension: channels of a content feature.
        weights: fingerprint of that extractor's weights; None while the gallery is empty.
    """

    def __init__(self, name: str) -> None:
        """Open a gallery.

        Raises:
            RaihaError: "gallery-name", "gallery-missing", "gallery-damaged", "gallery-newer", "gallery-older" or
                "gallery-unavailable".
        """
        self.name = name
        self.folder = gallery_folder(name)
        self._connection = open_database(name)
        self._patches: PatchIndex | None = None
        meta = dict(self._rows("SELECT key, value FROM meta"))
        self.extractor: str = meta["extractor"]
        self.dimension: int = meta["dimension"]
        self.weights: str | None = meta.get("weights")

    @classmethod
    def create(cls, name: str, info: ExtractorInfo) -> Gallery:
        """Open a gallery to add photos to it; makes it when it is missing.

        Raises:
            RaihaError: as when opening, and "gallery-extractor" when it was made with another extractor.
        """
        gallery_folder(name).mkdir(mode=0o700, parents=True, exist_ok=True)
        if not database_path(name).exists():
            with writer_lock(name):
                if not database_path(name).exists():
                    create_database(name, info)
        gallery = cls(name)
        try:
            gallery.require_extractor(info.name)
        except RaihaError:
            gallery.close()
            raise
        return gallery

    def __enter__(self) -> Gallery:
        """Return the gallery itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._connection.close()

    def require_extractor(self, name: str) -> None:
        """Check that the gallery can be used with an extractor.

        Raises:
            RaihaError: "gallery-extractor".
        """
        if name != self.extractor:
            raise RaihaError(
                "gallery-extractor",
                f"The gallery {self.name!r} was made with the extractor {self.extractor!r}, not {name!r}.",
                f"Use --extractor {self.extractor}, or index the photos into another gallery with --gallery NAME.",
            )

    def require_weights(self, fingerprint: str) -> None:
        """Check that features made with these weights can be compared with the gallery's.

        Raises:
            RaihaError: "gallery-weights".
        """
        if fingerprint != self.weights and self.photos():
            folders = " ".join(f'"{folder}"' for folder in self.folders()) or "FOLDER"
            raise RaihaError(
                "gallery-weights",
                f"The gallery {self.name!r} was made with other weights of the extractor {self.extractor!r}, "
                "whose features cannot be compared.",
                f'Make it anew: raiha gallery remove --all --gallery "{self.name}", then '
                f'raiha index {folders} --gallery "{self.name}".',
            )

    # Reading

    def photos(self) -> list[GalleryPhoto]:
        """All photos, by path."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM photos ORDER BY path")
        return [_photo(row) for row in rows]

    def photo(self, photo_id: int) -> GalleryPhoto:
        """One photo by its id.

        Raises:
            RaihaError: "photo-gone".
        """
        return _photo(self._row(f"SELECT {_COLUMNS} FROM photos WHERE id = ?", photo_id))

    def features(self, photo_id: int) -> Features:
        """Return the features of a photo by its id.

        Raises:
            RaihaError: "photo-gone" or "gallery-damaged".
        """
        rows, columns, content, appearance = self._row(
            "SELECT rows, columns, content, appearance FROM photos WHERE id = ?", photo_id
        )
        try:
            return Features(_unpacked(content, (rows, columns, -1)), _unpacked(appearance, (rows, columns, -1)))
        except ValueError as error:
            raise damaged(self.name, "the features of a photo are cut short") from error

    def has_sound_features(self, photo: GalleryPhoto) -> bool:
        """Whether the features of a photo are all there and numbers."""
        try:
            features = self.features(photo.id)
        except RaihaError:
            return False
        as_expected = features.content.shape == (photo.rows, photo.columns, self.dimension)
        return bool(as_expected and np.isfinite(features.content).all() and np.isfinite(features.appearance).all())

    def folders(self) -> dict[Path, float]:
        """Return the folders that have been indexed to the end, and when: seconds since 1970."""
        return {Path(path): when for path, when in self._rows("SELECT path, indexed_at FROM folders ORDER BY path")}

    def patches(self) -> PatchIndex:
        """Return the patches of all photos, in step with what the gallery holds now."""
        if self._patches is None:
            self._patches = PatchIndex.load(self.folder / PATCHES_FILE, self.dimension)
        wanted = dict(self._rows("SELECT id, rows * columns FROM photos"))
        if self._patches.sync(wanted, self._flat_content):
            with suppress(OSError, RuntimeError):  # a cache that cannot be kept costs time, nothing else
                self._patches.save(self.folder / PATCHES_FILE)
        return self._patches

    def status(self) -> GalleryStatus:
        """Return the gallery at a glance."""
        photos, patches = self._rows("SELECT count(*), coalesce(sum(rows * columns), 0) FROM photos")[0]
        folders = self.folders()
        return GalleryStatus(
            name=self.name,
            photos=photos,
            patches=patches,
            bytes=sum(map(_size, self.folder.iterdir())),
            extractor=self.extractor,
            last_indexed=max(folders.values(), default=None),
            folders=tuple(folders),
        )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read within sees the gallery as it is now, whatever another process writes meanwhile."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._rows("COMMIT")

    def integrity(self) -> str:
        """SQLite's own check of the file: "ok", or what is wrong."""
        return str(self._rows("PRAGMA integrity_check(1)")[0][0])

    # Writing: each call is done wholly or not at all, also when the process is killed

    def writing(self) -> AbstractContextManager[object]:
        """Hold the right to write; every other process that asks for it is refused.

        Raises:
            RaihaError: "gallery-busy".
        """
        return writer_lock(self.name)

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Add photos with their features; what the gallery holds at the same paths makes way."""
        with self._transaction() as run:
            for photo in photos:
                features = photo.features
                size = (photo.width, photo.height, *features.content.shape[:2])
                blobs = (_packed(features.content), _packed(features.appearance))
                run(f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*_values(photo.file), *size, *blobs))

    def add_copies(self, copies: Sequence[tuple[int, PhotoFile]]) -> list[PhotoFile]:
        """Add copies of photos that the gallery holds, without their features being made again.

        Args:
            copies: the id of a photo, and the file with the same bytes.

        Returns:
            The files whose photo the gallery no longer holds: nothing was added for these.
        """
        select = f"SELECT ?, ?, ?, ?, {_DESCRIPTION} FROM photos WHERE id = ?"
        with self._transaction() as run:
            return [
                file for photo_id, file in copies if not run(f"{_INSERT} {select}", (*_values(file), photo_id)).rowcount
            ]

    def move(self, moves: Sequence[tuple[int, PhotoFile]]) -> list[PhotoFile]:
        """Note the new place, or new time, of photos; what the gallery holds at the new paths makes way.

        Args:
            moves: the id of a photo, and how its file is now.

        Returns:
            The files whose photo the gallery no longer holds.
        """
        update = "UPDATE OR REPLACE photos SET path = ?, mtime_ns = ?, size = ?, digest = ? WHERE id = ?"
        with self._transaction() as run:
            return [file for photo_id, file in moves if not run(update, (*_values(file), photo_id)).rowcount]

    def remove(self, photo_ids: Collection[int]) -> None:
        """Remove photos from the gallery; their files stay where they are."""
        with self._transaction() as run:
            for photo_id in photo_ids:
                run("DELETE FROM photos WHERE id = ?", (photo_id,))

    def note_weights(self, fingerprint: str) -> None:
        """Note of an empty gallery with which weights its features will be made."""
        with self._transaction() as run:
            run("INSERT OR REPLACE INTO meta VALUES ('weights', ?)", (fingerprint,))
        self.weights = fingerprint

    def note_indexed(self, folders: Sequence[Path]) -> None:
        """Note that folders have been indexed to the end, now."""
        with self._transaction() as run:
            for folder in folders:
                run("INSERT OR REPLACE INTO folders VALUES (?, ?)", (str(folder), time.time()))

    def forget_folders(self, folders: Collection[Path]) -> None:
        """Take folders off the list of those that have been indexed; their photos stay."""
        with self._transaction() as run:
            for folder in folders:
                run("DELETE FROM folders WHERE path = ?", (str(folder),))

    def discard_patches(self) -> None:
        """Throws the FAISS side away; it is made anew when it is needed."""
        self._patches = None
        (self.folder / PATCHES_FILE).unlink(missing_ok=True)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with told_errors(self.name):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _row(self, statement: str, photo_id: int) -> Any:
        found = self._rows(statement, photo_id)
        if not found:
            raise RaihaError(
                "photo-gone",
                f"A photo was removed from the gallery {self.name!r} while it was in use.",
                "Try again.",
            )
        return found[0]

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with told_errors(self.name):
            return self._connection.execute(statement, values).fetchall()

    def _flat_content(self, photo_id: int) -> NDArray[np.float32]:
        return self.features(photo_id).content.reshape(-1, self.dimension)


@contextmanager
def writer_lock(name: str) -> Iterator[None]:
    """Hold the right to write to a gallery.

    Raises:
        RaihaError: "gallery-busy": another process has it.
    """
    try:
        with FileLock(gallery_folder(name) / _LOCK, timeout=0):
            yield
    except Timeout as error:
        raise RaihaError(
            "gallery-busy",
            f"Another process is writing to the gallery {name!r}.",
            "Wait until it has finished, then try again.",
        ) from error


def remove_gallery(name: str) -> None:
    """Delete a gallery, its features and nothing else: photos stay where they are. Works on a damaged one too.

    Raises:
        RaihaError: "gallery-missing" or "gallery-busy".
    """
    folder = gallery_folder(name)
    if not folder.is_dir():
        open_database(name)  # says that it is missing
    with writer_lock(name):
        shutil.rmtree(folder)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # SQLite's side files come and go
        return 0


def _photo(row: tuple[Any, ...]) -> GalleryPhoto:
    photo_id, path, mtime_ns, size, digest, width, height, rows, columns = row
    return GalleryPhoto(photo_id, PhotoFile(Path(path), mtime_ns, size, digest), width, height, rows, columns)


def _values(file: PhotoFile) -> tuple[str, int, int, bytes]:
    return str(file.path), file.mtime_ns, file.size, file.digest


def _packed(features: NDArray[np.float32]) -> bytes:
    return features.astype(np.float16).tobytes()


def _unpacked(blob: bytes, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    features = np.frombuffer(blob, np.float16).reshape(shape).astype(np.float32)
    # Rounding to fp16 changed the length a little; dot products are to be cosines.
    features /= np.linalg.norm(features, axis=-1, keepdims=True)
    return features
