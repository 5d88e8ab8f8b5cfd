"""From the tables of former versions to the present ones, in place."""

from __future__ import annotations

import sqlite3
import uuid

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.feature_codes import FeatureCodes, codes_for_appearance, codes_for_content
from raiha.gallery_tools.prototypes import prototypes_of


def migrate(connection: sqlite3.Connection, version: int, tables: str) -> None:
    """Bring a gallery from a former version to the present one, within the caller's transaction.

    Args:
        connection: to the SQLite file.
        version: of its tables.
        tables: the statements that make the present ones.
    """
    if version == 1:
        _from_1(connection, tables)


def _from_1(connection: sqlite3.Connection, tables: str) -> None:
    """Version 1 kept each file's features as fp16, 103 kB a photo, and nothing from its EXIF.

    Files count as changed, so that the next run reads their EXIF; their bytes are known, so nothing is extracted.
    """
    for name in ("meta", "folders", "photos"):
        connection.execute(f"ALTER TABLE {name} RENAME TO former_{name}")
    connection.execute("DROP INDEX photos_by_digest")
    for statement in tables.split(";\n"):
        connection.execute(statement)
    meta = dict(connection.execute("SELECT key, value FROM former_meta"))
    kept = {**meta, "identity": uuid.uuid4().hex}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in kept.items()])
    connection.execute("INSERT INTO folders SELECT path, indexed_at FROM former_folders")
    content_codes = codes_for_content(meta["extractor"], meta["dimension"])
    appearance_codes = codes_for_appearance()
    stored = [("content", content_codes.to_bytes()), ("appearance", appearance_codes.to_bytes())]
    connection.executemany("INSERT INTO codes VALUES (?, ?)", stored)
    columns = "id, path, size, digest, width, height, rows, columns, content, appearance"
    ids: dict[bytes, int] = {}
    for row in connection.execute(f"SELECT {columns} FROM former_photos ORDER BY id"):
        photo_id, path, size, digest, *shape, content, appearance = row
        if digest not in ids:
            vectors = _unpacked(content, meta["dimension"])
            histograms = _unpacked(appearance, BINS)
            if not len(vectors) or not len(vectors) == len(histograms) == shape[2] * shape[3]:
                continue  # damaged: the file is read again when its folder is indexed
            ids[digest] = photo_id
            _insert(connection, photo_id, digest, shape, content_codes, vectors, appearance_codes.encode(histograms))
        connection.execute("INSERT INTO files VALUES (?, -1, ?, 0, ?)", (path, size, ids[digest]))
    for name in ("meta", "folders", "photos"):
        connection.execute(f"DROP TABLE former_{name}")


def _insert(
    connection: sqlite3.Connection,
    photo_id: int,
    digest: bytes,
    shape: list[int],
    codes: FeatureCodes,
    vectors: NDArray[np.float32],
    appearance: NDArray[np.uint8],
) -> None:
    prototypes, _ = prototypes_of(vectors)
    connection.execute(
        "INSERT INTO photos (id, digest, width, height, rows, columns) VALUES (?, ?, ?, ?, ?, ?)",
        (photo_id, digest, *shape),
    )
    connection.execute(
        "INSERT INTO features VALUES (?, ?, ?)", (photo_id, codes.encode(vectors).tobytes(), appearance.tobytes())
    )
    connection.execute("INSERT INTO prototypes VALUES (?, ?)", (photo_id, codes.encode(prototypes).tobytes()))


def _unpacked(blob: bytes, channels: int) -> NDArray[np.float32]:
    if len(blob) % (2 * channels):
        return np.empty((0, channels), np.float32)
    vectors = np.frombuffer(blob, np.float16).reshape(-1, channels).astype(np.float32)
    if not np.isfinite(vectors).all():
        return np.empty((0, channels), np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors
