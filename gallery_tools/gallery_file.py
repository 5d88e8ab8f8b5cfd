"""A gallery's place on the disk and its SQLite file: names, making, opening, and what can be wrong with it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.folders import data_folder
from raiha.gallery_tools.migrations import migrate
from raiha.gallery_tools.schema import TABLES, VERSION

_APPLICATION_ID = 0x52414948  # "RAIH"
_DATABASE = "gallery.sqlite"
_LOCK = "writer.lock"
_NAME = re.compile(r"\w|\w[\w .-]{0,62}\w")
_TABLES = TABLES.format(blob="BLOB", path="TEXT", serial="INTEGER PRIMARY KEY AUTOINCREMENT")


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


def create_database(name: str, meta: Mapping[str, str], codes: Mapping[str, bytes]) -> None:
    """Make the SQLite file of a new, empty gallery: all of it or nothing.

    Args:
        name: of the gallery.
        meta: what the gallery is to keep about itself.
        codes: how to read its codes, by name.
    """
    database = database_path(name)
    unfinished = database.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with told_errors(name), closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.executemany("INSERT INTO codes VALUES (?, ?)", codes.items())
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
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
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def _check_schema(name: str, connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise damaged(name, "it is not a gallery's file")
    version = _version(connection)
    if version > VERSION:
        raise RaihaError(
            "gallery-newer",
            f"The gallery {name!r} was made by a newer version of Raiha.",
            "Update Raiha, or index the photos into another gallery with --gallery NAME.",
        )
    bins = connection.execute("SELECT value FROM meta WHERE key = 'bins'").fetchone()
    if bins is None or int(bins[0]) != BINS:
        raise RaihaError(
            "gallery-older",
            f"The gallery {name!r} was made by another version of Raiha, whose features cannot be compared.",
            f'Remove it and index its folders again: raiha gallery remove --all --gallery "{name}".',
        )
    if version < VERSION:
        _migrate(name, connection)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(name: str, connection: sqlite3.Connection) -> None:
    """Bring a former version's file to the present tables: wholly, or not at all when the process is killed."""
    with writer_lock(name):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < VERSION:  # nobody else has done it meanwhile
                migrate(connection, _version(connection), _TABLES)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("VACUUM")  # version 1 took five times the room
        for former_index in gallery_folder(name).glob("patches.faiss*"):
            former_index.unlink()


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
