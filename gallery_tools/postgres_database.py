"""A gallery in PostgreSQL, for a library that many machines index and search: ``postgresql://USER@HOST/DATABASE``.

The tables, the statements and the search are those of a gallery in SQLite; each machine keeps a FAISS file of its own,
a cache as there. All machines see the photos at the same paths.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.database import Run
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.feature_codes import FeatureCodes
from raiha.gallery_tools.folders import data_folder
from raiha.gallery_tools.prototype_index import INDEX_FILE, PrototypeIndex
from raiha.gallery_tools.schema import TABLES, VERSION

try:
    import psycopg
except ImportError:  # the extra `postgresql`
    psycopg = None  # type: ignore[assignment]

_TABLES = TABLES.format(blob="BYTEA", path='TEXT COLLATE "C"', serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
_WRITING_LOCK = 0x5241494841
_PARTS = 1024
"""Of a library, that indexers claim: few enough for the locks that PostgreSQL holds for a connection."""


def is_postgres(name: str) -> bool:
    """Whether a gallery's name is the address of a database."""
    return name.startswith(("postgresql://", "postgres://"))


def without_password(address: str) -> str:
    """Return an address as it may be shown."""
    return re.sub(r"(//[^:@/]*):[^@/]*@", r"\1@", address)


class PostgresDatabase:
    """The ``Database`` of a gallery in PostgreSQL: any number of processes write and read."""

    def __init__(self, address: str) -> None:
        """Connect.

        Raises:
            RaihaError: "gallery-unavailable", "gallery-missing" or "gallery-newer".
        """
        self._address = without_password(address)
        self._connection = _connect(address)
        self._index: PrototypeIndex | None = None
        try:
            self._check_version()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def create(address: str, meta: Mapping[str, str], codes: Mapping[str, bytes]) -> None:
        """Make the tables of a new, empty gallery unless they are there: all of them or nothing."""
        connection = _connect(address)
        with _told_errors(without_password(address)), connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITING_LOCK,))
            if _has_tables(connection):
                return
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            rows = connection.cursor()
            rows.executemany("INSERT INTO meta VALUES (%s, %s)", [*meta.items(), ("version", str(VERSION))])
            rows.executemany("INSERT INTO codes VALUES (%s, %s)", list(codes.items()))

    @property
    def index_file(self) -> Path:  # noqa: D102  (see Database)
        return data_folder() / "caches" / self._identity() / INDEX_FILE

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:  # noqa: D102
        with _told_errors(self._address):
            cursor = self._connection.execute(statement.replace("%", "%%").replace("?", "%s"), values)
            return [] if cursor.description is None else cursor.fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Run]:  # noqa: D102
        with _told_errors(self._address), self._connection.transaction():
            # One writes at a time, for some milliseconds: so ids are committed in their order, as the index needs it.
            self.rows("SELECT pg_advisory_xact_lock(?)", _WRITING_LOCK)
            yield self.rows

    @contextmanager
    def snapshot(self) -> Iterator[None]:  # noqa: D102
        with _told_errors(self._address), self._connection.transaction():
            self.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def writing(self) -> AbstractContextManager[None]:  # noqa: D102
        return nullcontext()

    def claim(self, path: str) -> bool:
        """Take the part of the library that a photo belongs to, for as long as this connection lives."""
        part = zlib.crc32(path.encode()) % _PARTS
        return bool(self.rows("SELECT pg_try_advisory_lock(?, ?)", _WRITING_LOCK % 2**31, part)[0][0])

    def nearest(  # noqa: D102
        self, queries: NDArray[np.float32], most: int, among: Sequence[int] | None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        return self._current_index().nearest(queries, most, among)

    def refresh_index(self) -> None:  # noqa: D102
        self.index_file.parent.mkdir(parents=True, exist_ok=True)
        self._current_index().keep(self.index_file, self.rows)

    def integrity(self) -> str:  # noqa: D102
        return "ok"  # PostgreSQL checks its own files

    def bytes_on_disk(self) -> int:  # noqa: D102
        return int(self.rows("SELECT pg_database_size(current_database())")[0][0])

    def drop(self) -> None:
        """Delete the gallery's tables."""
        with self.transaction() as run:
            run("DROP TABLE files, prototypes, features, photos, skipped, folders, codes, meta")

    def close(self) -> None:  # noqa: D102
        with suppress(psycopg.Error):
            self._connection.close()
        self._index = None

    def _current_index(self) -> PrototypeIndex:
        if self._index is None:
            codes = FeatureCodes.from_bytes(self.rows("SELECT data FROM codes WHERE name = 'content'")[0][0])
            self._index = PrototypeIndex.open(self.index_file, codes, self._identity())
        self._index.catch_up(self.rows)
        return self._index

    def _identity(self) -> str:
        return str(self.rows("SELECT value FROM meta WHERE key = 'identity'")[0][0])

    def _check_version(self) -> None:
        if not _has_tables(self._connection):
            raise RaihaError(
                "gallery-missing",
                f"There is no gallery in {self._address}.",
                "Make it from a folder of photos: raiha index FOLDER --gallery ADDRESS.",
            )
        version = int(self.rows("SELECT value FROM meta WHERE key = 'version'")[0][0])
        if version > VERSION:
            raise RaihaError(
                "gallery-newer",
                f"The gallery in {self._address} was made by a newer version of Raiha.",
                "Update Raiha, or index the photos into another gallery with --gallery NAME.",
            )


def _connect(address: str) -> Any:
    if psycopg is None:
        raise RaihaError(
            "psycopg-missing", "Galleries in PostgreSQL need psycopg.", "Install it: pip install 'raiha[postgresql]'."
        )
    with _told_errors(without_password(address)):
        return psycopg.connect(address, autocommit=True, connect_timeout=10)


def _has_tables(connection: Any) -> bool:
    return connection.execute("SELECT to_regclass('prototypes') IS NOT NULL").fetchone()[0] is True


@contextmanager
def _told_errors(address: str) -> Iterator[None]:
    """Turn what psycopg raises into a sentence."""
    try:
        yield
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise RaihaError(
            "gallery-unavailable",
            f"The gallery in {address} cannot be used just now: {reason}.",
            "Check the address, and that the server runs and lets you in.",
        ) from error
