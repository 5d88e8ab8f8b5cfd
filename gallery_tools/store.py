"""The gallery: which photos there are and what their features are, whatever database holds them."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.capture import Capture
from raiha.gallery_tools.database import Database, Run
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.feature_codes import FeatureCodes, codes_for_appearance, codes_for_content
from raiha.gallery_tools.gallery_file import (
    create_database,
    damaged,
    database_path,
    gallery_folder,
    open_database,
    writer_lock,
)
from raiha.gallery_tools.postgres_database import PostgresDatabase, is_postgres, without_password
from raiha.gallery_tools.prototypes import prototypes_of
from raiha.gallery_tools.records import EncodedPhoto, Features, GalleryPhoto, GalleryStatus, NewPhoto, PhotoFile
from raiha.gallery_tools.sqlite_database import SqliteDatabase

_AT_ONCE = 64
_CAPTURE = "taken, camera, latitude, longitude"
_FILE = "path, mtime_ns, size, device"
_PHOTO = f"photos.id, {_FILE}, digest, width, height, rows, columns, {_CAPTURE}"
_PUT_FILE = (
    f"INSERT INTO files ({_FILE}, photo_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
    "mtime_ns = excluded.mtime_ns, size = excluded.size, device = excluded.device, photo_id = excluded.photo_id"
)


class FileState(NamedTuple):
    """How a file was when it was indexed, as ``PhotoFile`` has it, and its photo's id."""

    mtime_ns: int
    size: int
    device: int
    photo_id: int


class Gallery:
    """One gallery, open. Use it from one thread at a time.

    Attributes:
        name: of the gallery; of one in PostgreSQL its address, without a password.
        extractor: name of the extractor that its features come from.
        dimension: channels of a content feature.
        weights: fingerprint of that extractor's weights; None while the gallery is empty.
    """

    def __init__(self, name: str) -> None:
        """Open a gallery.

        Raises:
            RaihaError: "gallery-name", "gallery-missing", "gallery-damaged", "gallery-newer", "gallery-older",
                "gallery-unavailable", or "gallery-busy" when its file is of a former version and in use.
        """
        self.name = without_password(name)
        self._database: Database = PostgresDatabase(name) if is_postgres(name) else SqliteDatabase(name)
        try:
            meta = dict(self._database.rows("SELECT key, value FROM meta"))
            codes = dict(self._database.rows("SELECT name, data FROM codes"))
            self._content_codes = FeatureCodes.from_bytes(codes["content"])
            self._appearance_codes = FeatureCodes.from_bytes(codes["appearance"])
            self.extractor: str = meta["extractor"]
            self.dimension = int(meta["dimension"])
            self.weights: str | None = meta.get("weights")
        except KeyError as error:
            self.close()
            raise damaged(name, f"it has no {error}") from error
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, name: str, info: ExtractorInfo) -> Gallery:
        """Open a gallery to add photos to it; makes it when it is missing.

        Raises:
            RaihaError: as when opening, and "gallery-extractor" when it was made with another extractor.
        """
        if is_postgres(name):
            PostgresDatabase.create(name, *_first_contents(info))
        else:
            _create_file(name, info)
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
        self._database.close()

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
        if fingerprint != self.weights and not self.is_empty():
            folders = " ".join(f'"{folder}"' for folder in self.folders()) or "FOLDER"
            raise RaihaError(
                "gallery-weights",
                f"The gallery {self.name!r} was made with other weights of the extractor {self.extractor!r}, "
                "whose features cannot be compared.",
                f'Make it anew: raiha gallery remove --all --gallery "{self.name}", then '
                f'raiha index {folders} --gallery "{self.name}".',
            )

    @property
    def folder(self) -> Path:
        """Where the files of a gallery on this machine are; only such a gallery has a folder."""
        return gallery_folder(self.name)

    def own_files(self) -> list[Path]:
        """Return the files on this machine that the gallery is kept in."""
        return [] if is_postgres(self.name) else list(self.folder.iterdir())

    @property
    def index_file(self) -> Path:
        """The FAISS file, whether it is there or not: a cache on this machine."""
        return self._database.index_file

    # Reading

    def is_empty(self) -> bool:
        """Whether it holds no photos."""
        return not self._database.rows("SELECT 1 FROM photos LIMIT 1")

    def photos(self) -> list[GalleryPhoto]:
        """All files of photos, by path."""
        rows = self._database.rows(f"SELECT {_PHOTO} FROM files JOIN photos ON photo_id = photos.id ORDER BY path")
        return [_photo(row) for row in rows]

    def photo_ids(self, below: Collection[Path] | None = None) -> list[int]:
        """Return the ids of all photos, or of those with a file at or below some paths, ascending."""
        if below is None:
            return [row[0] for row in self._database.rows("SELECT id FROM photos ORDER BY id")]
        ids: set[int] = set()
        for path in below:
            inside = str(path).rstrip("/\\")
            for separator in "/\\":
                # All that begins with the path and a separator; "0" and "]" come after these in Unicode.
                first, last = inside + separator, inside + chr(ord(separator) + 1)
                query = "SELECT photo_id FROM files WHERE path = ? OR path >= ? AND path < ?"
                ids.update(row[0] for row in self._database.rows(query, str(path), first, last))
        return sorted(ids)

    def files(self) -> dict[str, FileState]:
        """Return how each file was when it was indexed, by its path."""
        rows = self._database.rows(f"SELECT {_FILE}, photo_id FROM files")
        return {row[0]: FileState(*row[1:]) for row in rows}

    def digests(self) -> dict[bytes, int]:
        """Return the photos' ids by the digests of their bytes."""
        return dict(self._database.rows("SELECT digest, id FROM photos"))

    def paths(self, photo_id: int) -> list[Path]:
        """Return where a photo lies; nowhere when the gallery no longer holds it."""
        rows = self._database.rows("SELECT path FROM files WHERE photo_id = ? ORDER BY path", photo_id)
        return [Path(path) for (path,) in rows]

    def features(self, photo_id: int) -> Features:
        """Return the features of a photo by its id.

        Raises:
            RaihaError: "photo-gone" or "gallery-damaged".
        """
        query = "SELECT rows, columns, content, appearance FROM photos JOIN features ON photo_id = id WHERE id = ?"
        found = self._database.rows(query, photo_id)
        if not found:
            raise RaihaError(
                "photo-gone",
                f"A photo was removed from the gallery {self.name!r} while it was in use.",
                "Try again.",
            )
        rows, columns, content, appearance = found[0]
        return Features(
            self._decoded(content, self._content_codes, rows, columns),
            self._decoded(appearance, self._appearance_codes, rows, columns),
        )

    def contents(self, photo_ids: Iterable[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the content features (rows, columns, d) of those photos that the gallery holds, in any order."""
        remaining = iter(photo_ids)
        while some := list(islice(remaining, _AT_ONCE)):
            query = (
                "SELECT id, rows, columns, content FROM photos JOIN features ON photo_id = id "
                f"WHERE id IN ({_marks(some)})"
            )
            for photo_id, rows, columns, content in self._database.rows(query, *some):
                yield photo_id, self._decoded(content, self._content_codes, rows, columns)

    def encoded(self) -> Iterator[EncodedPhoto]:
        """Yield every file's photo with its features as codes, by path."""
        query = (
            f"SELECT {_PHOTO}, content, appearance, codes FROM files JOIN photos ON files.photo_id = photos.id "
            "JOIN features ON features.photo_id = photos.id JOIN prototypes ON prototypes.photo_id = photos.id "
            "WHERE path > ? ORDER BY path LIMIT ?"
        )
        last = ""
        while rows := self._database.rows(query, last, _AT_ONCE):
            for *described, content, appearance, codes in rows:
                photo = _photo(tuple(described))
                size, grid = (photo.width, photo.height), (photo.rows, photo.columns)
                yield EncodedPhoto(photo.file, size, grid, content, appearance, codes, photo.capture)
            last = rows[-1][1]

    def captures(self, photo_ids: Sequence[int]) -> dict[int, Capture]:
        """Return when, with what and where photos were taken, by their ids."""
        found: dict[int, Capture] = {}
        for first in range(0, len(photo_ids), _AT_ONCE):
            some = photo_ids[first : first + _AT_ONCE]
            rows = self._database.rows(f"SELECT id, {_CAPTURE} FROM photos WHERE id IN ({_marks(some)})", *some)
            found.update({row[0]: Capture(*row[1:]) for row in rows})
        return found

    def taken_between(self, first: int, last: int) -> list[int]:
        """Return the ids of the photos that were taken then: by the cameras' clocks, see ``Capture``."""
        rows = self._database.rows("SELECT id FROM photos WHERE taken BETWEEN ? AND ?", first, last)
        return [row[0] for row in rows]

    def nearest(
        self, queries: NDArray[np.float32], most: int, among: Sequence[int] | None = None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return the photos of the prototypes most like each query; see ``Database.nearest``.

        A photo that has been removed since may still be among them.
        """
        return self._database.nearest(queries, most, among)

    def folders(self) -> dict[Path, float]:
        """Return the folders that have been indexed to the end, and when: seconds since 1970."""
        rows = self._database.rows("SELECT path, indexed_at FROM folders ORDER BY path")
        return {Path(path): when for path, when in rows}

    def skipped(self) -> list[tuple[Path, str]]:
        """Return what the last run left out, and why."""
        rows = self._database.rows("SELECT path, reason FROM skipped ORDER BY path")
        return [(Path(path), reason) for path, reason in rows]

    def status(self) -> GalleryStatus:
        """Return the gallery at a glance."""
        ((files,),) = self._database.rows("SELECT count(*) FROM files")
        ((patches,),) = self._database.rows("SELECT coalesce(sum(rows * columns), 0) FROM photos")
        folders = self.folders()
        return GalleryStatus(
            name=self.name,
            photos=files,
            patches=patches,
            bytes=self._database.bytes_on_disk(),
            extractor=self.extractor,
            last_indexed=max(folders.values(), default=None),
            folders=tuple(folders),
        )

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read within sees the gallery as it is now, whatever another process writes meanwhile."""
        return self._database.snapshot()

    def damaged_photos(self) -> list[int]:
        """Return the ids of photos whose features or prototypes are missing or cut short."""
        query = (
            "SELECT id FROM photos LEFT JOIN features f ON f.photo_id = id LEFT JOIN prototypes p ON p.photo_id = id "
            "WHERE f.content IS NULL OR p.codes IS NULL OR length(f.content) <> rows * columns * ? "
            "OR length(f.appearance) <> rows * columns * ? OR length(p.codes) % ? <> 0 OR length(p.codes) = 0"
        )
        parts = self._content_codes.parts, self._appearance_codes.parts, self._content_codes.parts
        return [row[0] for row in self._database.rows(query, *parts)]

    def integrity(self) -> str:
        """Return the database's own check of its file: "ok", or what is wrong."""
        return self._database.integrity()

    # Writing: each call is done wholly or not at all, also when the process is killed

    def writing(self) -> AbstractContextManager[None]:
        """Hold the right to write; see ``Database.writing``.

        Raises:
            RaihaError: "gallery-busy".
        """
        return self._database.writing()

    def claim(self, path: Path) -> bool:
        """Whether this process is to read a photo; see ``Database.claim``."""
        return self._database.claim(str(path))

    def add(self, photos: Sequence[NewPhoto]) -> dict[bytes, int]:
        """Add photos with their features; what the gallery holds at the same paths makes way.

        Returns:
            The photos' ids by their digests.
        """
        return self.add_encoded([self._encoded(photo) for photo in photos])

    def add_encoded(self, photos: Sequence[EncodedPhoto]) -> dict[bytes, int]:
        """Do what ``add`` does, with photos whose features are encoded already."""
        if not photos:
            return {}
        ids: dict[bytes, int] = {}
        with self._database.transaction() as run:
            for photo in photos:
                photo_id, is_new = _put_photo(run, photo)
                if is_new:
                    run("INSERT INTO features VALUES (?, ?, ?)", photo_id, photo.content, photo.appearance)
                    run("INSERT INTO prototypes VALUES (?, ?)", photo_id, photo.prototypes)
                _put_file(run, photo.file, photo_id)
                ids[photo.file.digest] = photo_id
        return ids

    def add_copies(self, copies: Sequence[tuple[PhotoFile, Capture]]) -> list[PhotoFile]:
        """Add files of photos that the gallery holds, without their features being made again.

        Args:
            copies: files, and what their EXIF tells; a photo with the same digest is looked up.

        Returns:
            The files whose photo the gallery no longer holds: nothing was added for these.
        """
        unknown = []
        if not copies:
            return []
        with self._database.transaction() as run:
            for file, capture in copies:
                found = run("SELECT id FROM photos WHERE digest = ?", file.digest)
                if not found:
                    unknown.append(file)
                    continue
                _put_file(run, file, found[0][0])
                update = "UPDATE photos SET taken = ?, camera = ?, latitude = ?, longitude = ? WHERE id = ?"
                run(update, *_values_of(capture), found[0][0])
        return unknown

    def note_devices(self, devices: Mapping[str, int]) -> None:
        """Note on which file systems the folders of files lie now, by the files' paths."""
        if not devices:
            return
        with self._database.transaction() as run:
            for path, device in devices.items():
                run("UPDATE files SET device = ? WHERE path = ?", device, path)

    def remove(self, paths: Collection[Path]) -> None:
        """Take files out of the gallery, and photos that have none left; on the disk all stays where it is."""
        if not paths:
            return
        with self._database.transaction() as run:
            for path in paths:
                for (photo_id,) in run("SELECT photo_id FROM files WHERE path = ?", str(path)):
                    run("DELETE FROM files WHERE path = ?", str(path))
                    _drop_if_unused(run, photo_id)

    def remove_photos(self, photo_ids: Collection[int]) -> None:
        """Take photos out of the gallery with all their files."""
        with self._database.transaction() as run:
            for photo_id in photo_ids:
                run("DELETE FROM files WHERE photo_id = ?", photo_id)
                _drop_if_unused(run, photo_id)

    def note_weights(self, fingerprint: str) -> None:
        """Note of an empty gallery with which weights its features will be made."""
        with self._database.transaction() as run:
            put = "INSERT INTO meta VALUES ('weights', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            run(put, fingerprint)
        self.weights = fingerprint

    def note_indexed(self, folders: Sequence[Path], skipped: Sequence[tuple[Path, str]] = ()) -> None:
        """Note that folders have been indexed to the end, now, and what was left out."""
        with self._database.transaction() as run:
            put = "INSERT INTO folders VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET indexed_at = excluded.indexed_at"
            for folder in folders:
                run(put, str(folder), time.time())
            run("DELETE FROM skipped")
            for path, reason in dict(skipped).items():
                run("INSERT INTO skipped VALUES (?, ?)", str(path), reason)

    def forget_folders(self, folders: Collection[Path]) -> None:
        """Take folders off the list of those that have been indexed; their photos stay."""
        with self._database.transaction() as run:
            for folder in folders:
                run("DELETE FROM folders WHERE path = ?", str(folder))

    def refresh_index(self) -> None:
        """Bring the search index up to date, so that the next search need not."""
        self._database.refresh_index()

    def _encoded(self, photo: NewPhoto) -> EncodedPhoto:
        content = photo.features.content
        prototypes, _ = prototypes_of(content.reshape(-1, self.dimension))
        return EncodedPhoto(
            photo.file,
            (photo.width, photo.height),
            (content.shape[0], content.shape[1]),
            self._content_codes.encode(content).tobytes(),
            self._appearance_codes.encode(photo.features.appearance).tobytes(),
            self._content_codes.encode(prototypes).tobytes(),
            photo.capture,
        )

    def _decoded(self, blob: bytes, codes: FeatureCodes, rows: int, columns: int) -> NDArray[np.float32]:
        if len(blob) != rows * columns * codes.parts:
            raise damaged(self.name, "the features of a photo are cut short")
        return codes.decode(np.frombuffer(blob, np.uint8).reshape(rows, columns, codes.parts))


def remove_gallery(name: str) -> None:
    """Delete a gallery, its features and nothing else: photos stay where they are. Works on a damaged one too.

    Raises:
        RaihaError: "gallery-missing" or "gallery-busy".
    """
    if is_postgres(name):
        with closing(PostgresDatabase(name)) as database:
            database.drop()
        return
    folder = gallery_folder(name)
    if not folder.is_dir():
        open_database(name)  # says that it is missing
    with writer_lock(name):
        shutil.rmtree(folder)


def _create_file(name: str, info: ExtractorInfo) -> None:
    gallery_folder(name).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not database_path(name).exists():
        with writer_lock(name):
            if not database_path(name).exists():
                create_database(name, *_first_contents(info))


def _first_contents(info: ExtractorInfo) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the rows of ``meta`` and ``codes`` that a new gallery begins with."""
    meta = {
        "extractor": info.name,
        "dimension": str(info.dimension),
        "bins": str(BINS),
        "identity": uuid.uuid4().hex,
    }
    codes = {
        "content": codes_for_content(info.name, info.dimension).to_bytes(),
        "appearance": codes_for_appearance().to_bytes(),
    }
    return meta, codes


def _put_photo(run: Run, photo: EncodedPhoto) -> tuple[int, bool]:
    """Return the id of a photo, and whether it was not there yet."""
    found = run("SELECT id FROM photos WHERE digest = ?", photo.file.digest)
    if found:
        return found[0][0], False
    insert = f"INSERT INTO photos (digest, width, height, rows, columns, {_CAPTURE}) VALUES ({_marks(range(9))})"
    values = photo.file.digest, *photo.size, *photo.grid, *_values_of(photo.capture)
    return run(f"{insert} RETURNING id", *values)[0][0], True


def _put_file(run: Run, file: PhotoFile, photo_id: int) -> None:
    former = run("SELECT photo_id FROM files WHERE path = ?", str(file.path))
    run(_PUT_FILE, str(file.path), file.mtime_ns, file.size, file.device, photo_id)
    if former and former[0][0] != photo_id:
        _drop_if_unused(run, former[0][0])


def _drop_if_unused(run: Run, photo_id: int) -> None:
    """Delete a photo with its features unless some file still holds it."""
    run("DELETE FROM photos WHERE id = ? AND NOT EXISTS (SELECT 1 FROM files WHERE photo_id = id)", photo_id)


def _values_of(capture: Capture) -> tuple[object, ...]:
    return capture.taken, capture.camera, capture.latitude, capture.longitude


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _photo(row: tuple[Any, ...]) -> GalleryPhoto:
    photo_id, path, mtime_ns, size, device, digest, width, height, rows, columns, *capture = row
    file = PhotoFile(Path(path), mtime_ns, size, digest, device)
    return GalleryPhoto(photo_id, file, width, height, rows, columns, Capture(*capture))
