from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_extractor import SAMPLES, TINY

from raiha.gallery_tools.appearance import BINS
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.export import export_features, export_photos
from raiha.gallery_tools.folders import data_folder
from raiha.gallery_tools.gallery_file import database_path, gallery_folder, gallery_names
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.open_galleries import OpenGalleries
from raiha.gallery_tools.records import Features, NewPhoto, PhotoFile
from raiha.gallery_tools.store import Gallery, remove_gallery
from raiha.gallery_tools.verify import verify


def new_photo(name: str, seed: int = 0, grid: tuple[int, int] = (3, 4)) -> NewPhoto:
    random = np.random.default_rng(seed)
    content = random.normal(size=(*grid, TINY.dimension)).astype(np.float32)
    appearance = random.random((*grid, BINS)).astype(np.float32)
    content /= np.linalg.norm(content, axis=-1, keepdims=True)
    appearance /= np.linalg.norm(appearance, axis=-1, keepdims=True)
    return NewPhoto(PhotoFile(Path(name), seed, 10, bytes([seed]) * 16), 400, 300, Features(content, appearance))


def code_of(call) -> str:
    with pytest.raises(RaihaError) as error:
        call()
    assert error.value.sentence
    assert error.value.remedy
    return error.value.code


def test_features_come_back_as_cosines(gallery):
    photo = new_photo("/a.jpg")
    gallery.add([photo])
    found = gallery.features(gallery.photos()[0].id)
    assert np.einsum("rcd,rcd->rc", found.content, photo.features.content).min() > 0.98
    np.testing.assert_allclose(np.linalg.norm(found.content, axis=-1), 1, rtol=1e-6)


def test_same_path_makes_way_and_ids_are_never_given_twice(gallery):
    gallery.add([new_photo("/a.jpg", 1)])
    first = gallery.photos()[0].id
    gallery.add([new_photo("/a.jpg", 2)])
    (photo,) = gallery.photos()
    assert photo.file.digest == bytes([2]) * 16
    gallery.remove([photo.file.path])
    gallery.add([new_photo("/b.jpg", 3)])
    assert first < photo.id < gallery.photos()[0].id


def test_reading_goes_on_while_another_writes(gallery):
    gallery.add([new_photo("/a.jpg", 1)])
    with gallery.snapshot():
        assert len(gallery.photos()) == 1
        with Gallery("test") as writer, writer.writing():
            writer.add([new_photo("/b.jpg", 2)])
        assert len(gallery.photos()) == 1
    assert len(gallery.photos()) == 2


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "/etc", ".hidden", "x" * 65, "a\0b", "a\n", " a"]
)
def test_names_that_are_refused(name):
    assert code_of(lambda: gallery_folder(name)) == "gallery-name"


@pytest.mark.parametrize("name", ["default", "People 2024", "a", "Größe.v2", "x" * 64])
def test_names_that_are_taken(name):
    with Gallery.create(name, TINY):
        assert gallery_names() == [name]
    assert gallery_folder(name).parent == data_folder() / "galleries"


def set_in_database(statement: str) -> None:
    with closing(sqlite3.connect(database_path("test"))) as connection, connection:
        connection.execute(statement)


def test_what_cannot_be_opened_is_told(gallery):
    assert code_of(lambda: Gallery("none")) == "gallery-missing"
    assert code_of(lambda: Gallery.create("test", replace(TINY, name="dvt-b"))) == "gallery-extractor"
    set_in_database("PRAGMA user_version = 99")
    assert code_of(lambda: Gallery("test")) == "gallery-newer"


def test_histograms_of_another_version_are_told(gallery):
    set_in_database("UPDATE meta SET value = 7 WHERE key = 'bins'")
    assert code_of(lambda: Gallery("test")) == "gallery-older"


@pytest.mark.parametrize("data", [b"", b"no database at all" * 100])
def test_file_that_is_no_gallery_is_told(gallery, data):
    gallery.close()
    database_path("test").write_bytes(data)
    assert code_of(lambda: Gallery("test")) == "gallery-damaged"


def test_pages_that_are_damaged_later_are_told(gallery):
    gallery.add([new_photo(f"/{seed}.jpg", seed, (20, 20)) for seed in range(20)])
    gallery.close()
    database = database_path("test")
    data = bytearray(database.read_bytes())
    data[8192:] = b"\x55" * (len(data) - 8192)
    database.write_bytes(data)
    assert code_of(lambda: Gallery("test").photos()) == "gallery-damaged"
    report = verify("test", repair=True)
    assert report.sound
    assert database.with_suffix(".damaged").exists()
    assert code_of(lambda: Gallery("test")) == "gallery-missing"


def test_failed_write_changes_nothing(gallery):
    gallery.add([new_photo("/a.jpg", 1)])
    bad = new_photo("/b.jpg", 2)
    object.__setattr__(bad.file, "digest", None)
    with pytest.raises(RaihaError):
        gallery.add([new_photo("/c.jpg", 3), bad])
    assert [photo.file.path.name for photo in gallery.photos()] == ["a.jpg"]


def test_verify_finds_and_repairs(gallery, extractor, album):
    folder = album(3)
    index(gallery, extractor, [folder])
    assert verify("test").sound
    harmed = f"SELECT photo_id FROM files WHERE path LIKE '%{SAMPLES[0].name}'"
    set_in_database(f"UPDATE features SET content = x'0000' WHERE photo_id IN ({harmed})")
    (gallery.folder / "prototypes.faiss").write_bytes(b"harmed")
    (folder / SAMPLES[1].name).unlink()
    found = verify("test")
    assert len(found.problems) == 2
    assert [path.name for path in found.missing] == [SAMPLES[1].name]
    assert not found.sound
    assert len(verify("test", repair=True).repaired) == 2
    assert verify("test").problems == []
    report = index(gallery, extractor, [folder])
    assert (report.added, report.removed, report.photos) == (1, 1, 2)
    assert verify("test").sound


def test_remove_gallery_leaves_photos_alone(gallery, extractor, album):
    folder = album(2)
    index(gallery, extractor, [folder])
    gallery.close()
    remove_gallery("test")
    assert gallery_names() == []
    assert len(list(folder.iterdir())) == 2
    assert code_of(lambda: remove_gallery("test")) == "gallery-missing"


def test_export(gallery, extractor, album, tmp_path):
    folder = album(3)
    index(gallery, extractor, [folder])
    export_photos(gallery, tmp_path / "out.json")
    export_features(gallery, tmp_path / "out.npz")
    described = json.loads((tmp_path / "out.json").read_text())
    assert described["extractor"] == "tiny"
    assert [photo["path"] for photo in described["photos"]] == [str(photo.file.path) for photo in gallery.photos()]
    with np.load(tmp_path / "out.npz") as arrays:
        first = arrays["first_patch"]
        for number, photo in enumerate(gallery.photos()):
            features = gallery.features(photo.id)
            for name, expected in vars(features).items():
                ours = arrays[name][first[number] : first[number + 1]]
                np.testing.assert_array_equal(ours, expected.reshape(len(ours), -1).astype(np.float16))


def test_two_that_create_a_gallery_at_once_get_the_same_one():
    opened, failures = [], []
    barrier = threading.Barrier(4)

    def create():
        barrier.wait()
        try:
            opened.append(Gallery.create("shared", TINY))
        except RaihaError as error:
            failures.append(error.code)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened
    assert set(failures) <= {"gallery-busy"}
    opened[0].add([new_photo("/a.jpg")])
    assert all(len(gallery.photos()) == 1 for gallery in opened)


def test_galleries_stay_open_until_another_takes_their_place(gallery):
    galleries = OpenGalleries()
    opened = galleries.get("test")
    assert galleries.get("test") is opened
    gallery.add([new_photo("/a.jpg")])
    assert len(opened.photos()) == 1
    remove_gallery("test")
    assert code_of(lambda: galleries.get("test")) == "gallery-missing"
    with Gallery.create("test", TINY):
        assert galleries.get("test").photos() == []
    galleries.close()
