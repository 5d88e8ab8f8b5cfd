"""The index of prototypes: what it finds, that it keeps up with the gallery, and that its file may be lost."""

from __future__ import annotations

import numpy as np
import pytest
from test_store import new_photo
from tiny_extractor import TINY

from raiha.gallery_tools import prototype_index
from raiha.gallery_tools.prototypes import PROTOTYPES, prototypes_of
from raiha.gallery_tools.store import Gallery
from raiha.gallery_tools.verify import verify

FILE = "prototypes.faiss"


@pytest.fixture(autouse=True)
def small_galleries_have_a_file(monkeypatch):
    monkeypatch.setattr(prototype_index, "FEWEST_PHOTOS", 5)


def photos(count: int, first: int = 0):
    return [new_photo(f"/{seed}.jpg", seed, (4, 3)) for seed in range(first, first + count)]


def patches_of(seed: int) -> np.ndarray:
    return new_photo("/x.jpg", seed, (4, 3)).features.content.reshape(-1, TINY.dimension)


def owners(gallery: Gallery, seed: int) -> set[str]:
    """Return the paths of the photos that hold the nearest prototypes to a photo's patches."""
    found = gallery.nearest(patches_of(seed), 1)
    ids = {int(ids[cosines.argmax()]) for ids, cosines in found}
    return {str(path) for photo_id in ids for path in gallery.paths(photo_id)}


def test_prototypes_stand_for_every_patch():
    vectors = np.concatenate([patches_of(seed) for seed in range(20)])
    prototypes, counts = prototypes_of(vectors)
    assert len(prototypes) == len(counts) <= PROTOTYPES
    assert counts.sum() == len(vectors)
    np.testing.assert_allclose(np.linalg.norm(prototypes, axis=1), 1, rtol=1e-5)
    few, counts = prototypes_of(np.repeat(patches_of(1)[:3], 5, axis=0))
    assert sorted(counts) == [5, 5, 5]
    np.testing.assert_allclose((few @ patches_of(1)[:3].T).max(0), 1, rtol=1e-5)


def test_photos_are_found_from_the_file_and_beside_it(gallery):
    gallery.add(photos(40))
    assert owners(gallery, 7) == {"/7.jpg"}
    assert not (gallery.folder / FILE).exists()
    gallery.refresh_index()
    assert (gallery.folder / FILE).exists()
    assert owners(gallery, 7) == {"/7.jpg"}
    gallery.add(photos(1, first=70))
    assert owners(gallery, 70) == {"/70.jpg"}
    with Gallery("test") as again:
        assert owners(again, 7) == {"/7.jpg"}
        assert owners(again, 70) == {"/70.jpg"}


def test_only_some_photos_are_searched_when_asked(gallery):
    gallery.add(photos(40))
    gallery.refresh_index()
    gallery.add(photos(1, first=70))
    some = [photo.id for photo in gallery.photos()[:4]]
    for ids, _ in gallery.nearest(patches_of(7), 30, some):
        assert set(ids.tolist()) <= set(some)


def test_file_is_written_again_when_much_is_new_or_removed(gallery):
    gallery.add(photos(40))
    gallery.refresh_index()
    first = (gallery.folder / FILE).stat().st_mtime_ns
    gallery.add(photos(1, first=70))
    gallery.refresh_index()
    assert (gallery.folder / FILE).stat().st_mtime_ns == first
    gallery.remove([photo.file.path for photo in gallery.photos()[:20]])
    gallery.refresh_index()
    assert (gallery.folder / FILE).stat().st_mtime_ns > first


def test_open_gallery_finds_what_another_process_has_written(gallery):
    gallery.add(photos(10))
    assert owners(gallery, 3) == {"/3.jpg"}
    with Gallery("test") as writer:
        writer.add(photos(1, first=70))
        writer.refresh_index()
    assert owners(gallery, 70) == {"/70.jpg"}


@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "garbage", "one bit", "of another gallery"])
def test_file_that_cannot_be_used_is_done_without(gallery, harm):
    gallery.add(photos(40))
    gallery.refresh_index()
    file = gallery.folder / FILE
    data = file.read_bytes()
    damage = {"empty": b"", "cut": data[: len(data) // 2], "garbage": bytes(range(256)) * 9}
    damage["one bit"] = data[:500] + bytes([data[500] ^ 1]) + data[501:]
    if harm == "missing":
        file.unlink()
    elif harm == "of another gallery":
        with Gallery.create("other", TINY) as other:
            other.add(photos(30, first=100))
            other.refresh_index()
            file.write_bytes((other.folder / FILE).read_bytes())
    else:
        file.write_bytes(damage[harm])
    with Gallery("test") as again:
        assert owners(again, 7) == {"/7.jpg"}
        again.refresh_index()
    assert verify("test").problems == []
    with Gallery("test") as again:
        assert owners(again, 7) == {"/7.jpg"}
