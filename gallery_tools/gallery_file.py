"""A gallery's place on the disk and its SQLite file: names, schema, opening, and what can be wrong with it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.folders import data_folder

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x52414948  # "RAIH"
_DATABASE = "gallery.sqlite"
_NAME = re.compile(r"\w|\w[\w .-]{0,62}\w")

_SCHEMA = f"""
BEGIN;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE folders (path TEXT PRIMARY KEY, indexed_at REAL NOT NULL) WITHOUT ROWID;
-- AUTOINCREMENT: an id is never given twice, so the FAISS file is in step when it holds the same ids.
CREATE TABLE photos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    columns INTEGER NOT NULL,
    content BLOB NOT NULL,
    appearance BLOB NOT NULL
);
CREATE INDEX photos_by_digest ON photos (digest);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


def gallery_folder(name: str) -> Path:
    """Return the folder of a gallery, whether it exists or not.

    Raises:
        RaihaError: "gallery-name": the name is not one that a folder can have everywhere.
    """
    if not _NAME.fullmatch(name):
        raise RaihaError(
            "gallery-name",
            f"{name!r} cannot be the name of a gallery.",
            "Use 1 to 64 letters, digits, spaces, dots, dashes or underscores; begin and end with a letter or digit.",
            exit_status=2,
        )
    return data_folder() / "galleries" / name


def gallery_names() -> list[str]:
    """Return the names of all galleries of this user, sorted."""
    return sorted(database.parent.name for database in (data_folder() / "galleries").glob(f"*/{_DATABASE}"))


def database_path(name: str) -> Path:
    """Return the SQLite file of a gallery, whether it exists or not."""
    return gallery_folder(name) / _DATABASE


def create_database(name: str, info: ExtractorInfo) -> None:
    """Make the SQLite file of a new, empty gallery: all of it or nothing."""
    database = database_path(name)
    unfinished = database.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    meta = {
        "extractor": info.name,
        "dimension": info.dimension,
        "bins": BINS,
    }
    with told_errors(name), closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.execute("PRAGMA journal_mode = WAL")  # readers at any time, also while one writes
    unfinished.replace(database)


def open_database(name: str) -> sqlite3.Connection:
    """Open the SQLite file of a gallery.

    Raises:
        RaihaError: "gallery-missing", "gallery-damaged", "gallery-newer" or "gallery-unavailable".
    """
    database = database_path(name)
    if not database.is_file():
        raise RaihaError(
            "gallery-missing",
            f"There is no gallery named {name!r}.",
            f'Make it from a folder of photos: raiha index FOLDER --gallery "{name}".',
        )
    with told_errors(name):
        connection = sqlite3.connect(
            f"{database.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=30
        )
        try:
            _check_schema(name, connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


def _check_schema(name: str, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != _APPLICATION_ID:
        raise damaged(name, "it is not a gallery's file")
    if version > SCHEMA_VERSION:
        raise RaihaError(
            "gallery-newer",
            f"The gallery {name!r} was made by a newer version of Raiha.",
            "Update Raiha, or index the photos into another gallery with --gallery NAME.",
        )
    bins = connection.execute("SELECT value FROM meta WHERE key = 'bins'").fetchone()
    if version != SCHEMA_VERSION or bins is None or bins[0] != BINS:
        raise RaihaError(
            "gallery-older",
            f"The gallery {name!r} was made by another version of Raiha, whose features cannot be compared.",
            f'Remove it and index its folders again: raiha gallery remove --all --gallery "{name}".',
        )


@contextmanager
def told_errors(name: str) -> Iterator[None]:
    """Turn what SQLite raises into sentences."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RaihaError(
            "gallery-unavailable",
            f"The gallery {name!r} cannot be used just now: {error}.",
            f"Check that the disk has room and that {gallery_folder(name)} can be written, then try again.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise damaged(name, str(error)) from error


def damaged(name: str, reason: str) -> RaihaError:
    """Return the error for a gallery whose SQLite file cannot be trusted."""
    return RaihaError(
        "gallery-damaged",
        f"The gallery {name!r} is damaged: {reason}.",
        f'See what can be saved: raiha gallery verify --repair --gallery "{name}".',
    )
