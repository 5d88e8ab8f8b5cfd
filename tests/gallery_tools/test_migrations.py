"""Galleries of former versions, made by the statements that made them, open as they were."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from test_store import code_of, new_photo
from tiny_extractor import SAMPLES, TINY

from raiha.gallery_tools.gallery_file import database_path, gallery_folder, writer_lock
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.store import Gallery
from raiha.gallery_tools.verify import verify

VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE folders (path TEXT PRIMARY KEY, indexed_at REAL NOT NULL) WITHOUT ROWID;
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
PRAGMA application_id = 0x52414948;
PRAGMA user_version = 1;
"""


def make_version_1(photos, weights="some weights"):
    """Write a gallery as version 1 did: each file with its features as fp16."""
    gallery_folder("test").mkdir(parents=True)
    with closing(sqlite3.connect(database_path("test"))) as connection, connection:
        connection.executescript(VERSION_1)
        meta = {"extractor": TINY.name, "dimension": TINY.dimension, "bins": 24, "weights": weights}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.execute("INSERT INTO folders VALUES ('/album', 12.5)")
        for photo in photos:
            file, features = photo.file, photo.features
            size = photo.width, photo.height, *features.content.shape[:2]
            blobs = [part.astype(np.float16).tobytes() for part in (features.content, features.appearance)]
            connection.execute(
                "INSERT INTO photos VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (str(file.path), file.mtime_ns, file.size, file.digest, *size, *blobs),
            )
    (gallery_folder("test") / "patches.faiss").write_bytes(b"an index of version 1")


def test_version_1_keeps_photos_folders_and_features():
    photos = [new_photo(f"/album/{seed}.jpg", seed) for seed in range(3)]
    make_version_1([*photos, new_photo("/album/copy.jpg", 2)])
    with Gallery("test") as gallery:
        assert (gallery.extractor, gallery.dimension, gallery.weights) == (TINY.name, TINY.dimension, "some weights")
        assert [str(folder) for folder in gallery.folders()] == ["/album"]
        assert [photo.file.path.name for photo in gallery.photos()] == ["0.jpg", "1.jpg", "2.jpg", "copy.jpg"]
        ids = [photo.id for photo in gallery.photos()]
        assert ids == [1, 2, 3, 3]
        for photo, photo_id in zip(photos, ids, strict=False):
            found = gallery.features(photo_id)
            assert np.einsum("rcd,rcd->rc", found.content, photo.features.content).min() > 0.98
        assert not (gallery.folder / "patches.faiss").exists()
    assert verify("test").problems == []


def test_nothing_is_extracted_again(extractor, album):
    folder = album(3)
    with Gallery.create("test", TINY) as made:
        index(made, extractor, [folder])
        stored = [(photo, made.features(photo.id)) for photo in made.photos()]
        database_path("test").unlink()
    former = [new_photo(str(photo.file.path), 0) for photo, _ in stored]
    for new, (photo, features) in zip(former, stored, strict=True):
        object.__setattr__(new, "file", photo.file)
        object.__setattr__(new, "features", features)
    gallery_folder("test").rename(gallery_folder("former"))
    make_version_1(former, extractor.fingerprint)
    before = extractor.photos
    with Gallery("test") as gallery:
        assert index(gallery, extractor, [folder]).unchanged == 3
        camera = {photo.file.path.name: photo.capture.camera for photo in gallery.photos()}
        assert set(camera) == {path.name for path in SAMPLES[:3]}
    assert extractor.photos == before


def test_damaged_photo_is_left_out_and_read_again(tmp_path):
    photos = [new_photo(f"/album/{seed}.jpg", seed) for seed in range(2)]
    make_version_1(photos)
    with closing(sqlite3.connect(database_path("test"))) as connection, connection:
        connection.execute("UPDATE photos SET content = x'00' WHERE id = 1")
    with Gallery("test") as gallery:
        assert [photo.file.path.name for photo in gallery.photos()] == ["1.jpg"]


def test_gallery_in_use_is_not_migrated():
    make_version_1([new_photo("/album/a.jpg")])
    with writer_lock("test"):
        assert code_of(lambda: Gallery("test")) == "gallery-busy"
    Gallery("test").close()


def test_migration_that_fails_changes_nothing(monkeypatch):
    make_version_1([new_photo("/album/a.jpg")])
    before = database_path("test").read_bytes()

    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr("raiha.gallery_tools.migrations._insert", fail)
        Gallery("test")
    assert database_path("test").read_bytes() == before
    Gallery("test").close()
