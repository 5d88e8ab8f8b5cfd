"""Where a gallery is kept: SQLite on this machine, or PostgreSQL for many. Both run the same statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Run = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with values for its question marks; returns the rows that it gives."""


class Database(Protocol):
    """An open database with the tables of ``schema.py``."""

    @property
    def index_file(self) -> Path:
        """The FAISS file on this machine, whether it is there or not."""

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a reading statement; question marks stand for the values."""

    def transaction(self) -> AbstractContextManager[Run]:
        """Write: what runs within is done wholly or not at all, also when the process is killed."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read within sees the database as it is now, whatever another process writes meanwhile."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the right to index. SQLite grants it to one process; PostgreSQL to many.

        Raises:
            RaihaError: "gallery-busy".
        """

    def claim(self, path: str) -> bool:
        """Whether this process is to read a photo: False when another one that indexes the same library has it."""

    def nearest(
        self, queries: NDArray[np.float32], most: int, among: Sequence[int] | None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return, for each of the queries (M, d), the photos of the most alike prototypes and their cosines.

        Args:
            queries: float32 unit length.
            most: prototypes for each.
            among: ids of the photos that count; None: all.
        """

    def refresh_index(self) -> None:
        """Bring what ``nearest`` searches up to date, after writing."""

    def integrity(self) -> str:
        """Return "ok", or what is wrong with the file."""

    def bytes_on_disk(self) -> int:
        """Return what the gallery takes on the disk."""

    def close(self) -> None:
        """Close the files or the connection."""
