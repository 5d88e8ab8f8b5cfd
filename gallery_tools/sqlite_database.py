"""A gallery in a SQLite file of the user's own, with its FAISS file beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.database import Run
from raiha.gallery_tools.feature_codes import FeatureCodes
from raiha.gallery_tools.gallery_file import gallery_folder, open_database, told_errors, writer_lock
from raiha.gallery_tools.prototype_index import INDEX_FILE, PrototypeIndex


class SqliteDatabase:
    """The ``Database`` of a gallery on this machine: one process writes, any number read."""

    def __init__(self, name: str) -> None:
        """Open it; errors are those of ``open_database``."""
        self._name = name
        self._folder = gallery_folder(name)
        self._connection = open_database(name)
        self._index: PrototypeIndex | None = None

    @property
    def index_file(self) -> Path:  # noqa: D102  (see Database)
        return self._folder / INDEX_FILE

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:  # noqa: D102
        with told_errors(self._name):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Run]:  # noqa: D102
        with told_errors(self._name):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.rows
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:  # noqa: D102
        self.rows("BEGIN")
        try:
            yield
        finally:
            self.rows("COMMIT")

    def writing(self) -> AbstractContextManager[None]:  # noqa: D102
        return writer_lock(self._name)

    def claim(self, path: str) -> bool:  # noqa: D102
        return True  # nobody else can be writing

    def nearest(  # noqa: D102
        self, queries: NDArray[np.float32], most: int, among: Sequence[int] | None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        return self._current_index().nearest(queries, most, among)

    def refresh_index(self) -> None:  # noqa: D102
        self._current_index().keep(self.index_file, self.rows)

    def integrity(self) -> str:  # noqa: D102
        return str(self.rows("PRAGMA integrity_check(1)")[0][0])

    def bytes_on_disk(self) -> int:  # noqa: D102
        size = 0
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # SQLite's side files come and go
                size += file.stat().st_size
        return size

    def close(self) -> None:  # noqa: D102
        self._connection.close()
        self._index = None

    def _current_index(self) -> PrototypeIndex:
        """Return the index, up to date. It stays open, so a daemon's next search finds it ready."""
        if self._index is None:
            codes = FeatureCodes.from_bytes(self.rows("SELECT data FROM codes WHERE name = 'content'")[0][0])
            self._index = PrototypeIndex.open(self.index_file, codes, self._identity())
        self._index.catch_up(self.rows)
        return self._index

    def _identity(self) -> str:
        return str(self.rows("SELECT value FROM meta WHERE key = 'identity'")[0][0])
