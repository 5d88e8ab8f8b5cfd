"""The FAISS side of a gallery: the prototypes of its photos, searchable by cosine. A cache of the database."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.feature_codes import FeatureCodes

INDEX_FILE = "prototypes.faiss"
FEWEST_PHOTOS = 1000
"""Of so many photos on, and when a twentieth of the photos is new, the index is kept in a file."""
_MOST_NEW_SHARE = 0.05
_LISTS_SEARCHED = 24
_TRAINING_VECTORS_A_LIST = 64
_ROWS_AT_ONCE = 20_000
_TRAILER = 256
"""Bytes after FAISS's own: what the file holds, as JSON, and a digest of all that is before."""
_FORMAT = 1

Rows = Callable[..., list[tuple[Any, ...]]]


class PrototypeIndex:
    """Prototypes of photos in two parts: those in the file, mapped into memory, and newer ones.

    The file's part is an inverted file with scalar quantization to 4 bits a channel: half a byte for each, and a query
    reads a few of its lists. Ids of photos rise and are never given twice, so what is newer than the file is what
    has a higher id than all in it; a photo that has been removed is left in, and whoever searches passes it over.
    """

    def __init__(self, codes: FeatureCodes, identity: str) -> None:
        self._codes = codes
        self._identity = identity
        self._filed: Any = None  # a faiss.IndexIVF
        self._last_filed = 0
        self._photos_filed = 0
        self._begin_new()

    def _begin_new(self) -> None:
        self._new = faiss.IndexIDMap2(faiss.IndexFlatIP(self._codes.dimension))
        self._last_new = self._last_filed
        self._photos_new = 0

    @classmethod
    def open(cls, file: Path, codes: FeatureCodes, identity: str) -> PrototypeIndex:
        """Return the index in a file; an empty one when the file is missing, damaged or another gallery's.

        Args:
            file: where ``keep`` has put it.
            codes: of the prototypes in the database.
            identity: of the gallery.
        """
        index = cls(codes, identity)
        with suppress(OSError, RuntimeError, ValueError, KeyError, MemoryError):
            trailer = _checked_trailer(file)
            if (trailer["format"], trailer["identity"]) == (_FORMAT, identity):
                filed = faiss.read_index(str(file), faiss.IO_FLAG_MMAP)
                filed.nprobe = min(filed.nlist, _LISTS_SEARCHED)
                index._filed = filed
                index._last_filed, index._photos_filed = trailer["last"], trailer["photos"]
                index._begin_new()
        return index

    def catch_up(self, rows: Rows) -> None:
        """Take in the photos that the database has got since."""
        while more := rows(
            f"SELECT photo_id, codes FROM prototypes WHERE photo_id > ? ORDER BY photo_id LIMIT {_ROWS_AT_ONCE}",
            self._last_new,
        ):
            self._new.add_with_ids(*_vectors(more, self._codes))
            self._last_new = more[-1][0]
            self._photos_new += len(more)

    def keep(self, file: Path, rows: Rows) -> None:
        """Write what is new to the file, when that is worth it; what cannot be written costs time, nothing else."""
        photos = rows("SELECT count(*) FROM prototypes")[0][0]
        removed = self._photos_filed + self._photos_new - photos
        if photos < FEWEST_PHOTOS or max(self._photos_new, removed) <= _MOST_NEW_SHARE * photos:
            return
        with suppress(OSError, RuntimeError):
            self._write(file, rows)

    def _write(self, file: Path, rows: Rows) -> None:
        index = _trained_index(self._codes, rows)
        last = photos = 0
        while more := rows(
            f"SELECT photo_id, codes FROM prototypes WHERE photo_id > ? ORDER BY photo_id LIMIT {_ROWS_AT_ONCE}", last
        ):
            index.add_with_ids(*_vectors(more, self._codes))
            last, photos = more[-1][0], photos + len(more)
        trailer = {"format": _FORMAT, "identity": self._identity, "last": last, "photos": photos}
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            faiss.write_index(index, str(unfinished))
            _append_trailer(unfinished, trailer)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        opened = PrototypeIndex.open(file, self._codes, self._identity)
        self.__dict__.update(opened.__dict__)

    def nearest(
        self, queries: NDArray[np.float32], most: int, among: Sequence[int] | None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return the photos of the most alike prototypes and their cosines, as ``Database.nearest`` has it."""
        found = []
        parts = [part for part in (self._filed, self._new) if part is not None and part.ntotal > 0]
        results = [self._search(part, queries, most, among) for part in parts]
        for number in range(len(queries)):
            cosines = np.concatenate([result[0][number] for result in results] or [np.empty(0, np.float32)])
            ids = np.concatenate([result[1][number] for result in results] or [np.empty(0, np.int64)])
            found.append((ids[ids >= 0], cosines[ids >= 0]))
        return found

    def _search(
        self, part: faiss.Index, queries: NDArray[np.float32], most: int, among: Sequence[int] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        queries = np.ascontiguousarray(queries, np.float32)
        most = min(most, part.ntotal)
        selector = None if among is None else faiss.IDSelectorBatch(np.asarray(among, np.int64))
        if part is self._filed:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=part.nprobe)
        else:
            parameters = faiss.SearchParameters(sel=selector)
        cosines, ids = part.search(queries, most, params=parameters)
        return cosines, ids


def is_index_sound(file: Path) -> bool:
    """Whether an index's file is as it was written."""
    try:
        _checked_trailer(file)
    except (OSError, ValueError):
        return False
    return True


def _vectors(rows: list[tuple[Any, ...]], codes: FeatureCodes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the prototypes of photos (P, d) and the photo's id for each, from rows of id and codes."""
    blobs = [np.frombuffer(blob, np.uint8).reshape(-1, codes.parts) for _, blob in rows]
    ids = np.repeat([photo_id for photo_id, _ in rows], [len(blob) for blob in blobs]).astype(np.int64)
    return codes.decode(np.concatenate(blobs)), ids


def _trained_index(codes: FeatureCodes, rows: Rows) -> faiss.IndexIVF:
    """Return an empty index, its lists fitted to some of the prototypes."""
    ((total,),) = rows("SELECT sum(length(codes)) FROM prototypes")
    lists = max(1, round(0.5 * (total / codes.parts) ** 0.5))
    step = max(1, total // codes.parts // (lists * _TRAINING_VECTORS_A_LIST))
    sample = rows("SELECT photo_id, codes FROM prototypes WHERE photo_id % ? = 0", step)
    vectors, _ = _vectors(sample or rows("SELECT photo_id, codes FROM prototypes LIMIT 1000"), codes)
    quantizer = faiss.IndexFlatIP(codes.dimension)
    arguments = (quantizer, codes.dimension, lists, faiss.ScalarQuantizer.QT_4bit, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIVFScalarQuantizer(*arguments)
    index.cp.max_points_per_centroid = _TRAINING_VECTORS_A_LIST
    index.cp.min_points_per_centroid = 1
    index.cp.niter = 10
    index.train(vectors)
    return index


def _append_trailer(file: Path, trailer: dict[str, object]) -> None:
    described = json.dumps(trailer).encode().ljust(_TRAILER - 16)
    with file.open("ab") as out:
        out.write(described)
    digest = _digest(file, file.stat().st_size)
    with file.open("ab") as out:
        out.write(digest)
        out.flush()
        os.fsync(out.fileno())


def _checked_trailer(file: Path) -> dict[str, Any]:
    """Return what the file says it holds.

    Raises:
        ValueError: it is not as it was written. A damaged file that is mapped into memory would end the process.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(0, size - _TRAILER))
        described, digest = opened.read(_TRAILER - 16), opened.read()
    if _digest(file, size - 16) != digest:
        raise ValueError("damaged")
    trailer: dict[str, Any] = json.loads(described)
    return trailer


def _digest(file: Path, size: int) -> bytes:
    """Return a digest of the first ``size`` bytes."""
    sums = hashlib.blake2b(digest_size=16)
    with file.open("rb") as opened:
        while size > 0 and (part := opened.read(min(size, 2**20))):
            sums.update(part)
            size -= len(part)
    return sums.digest()
