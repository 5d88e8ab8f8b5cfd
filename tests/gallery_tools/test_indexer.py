from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tiny_extractor import SAMPLES, TINY

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.store import Gallery


def test_indexes_all_photos_and_nothing_twice(gallery, extractor, album):
    folder = album(5)
    first = index(gallery, extractor, [folder])
    assert (first.added, first.unchanged, first.photos, extractor.photos) == (5, 0, 5, 5)
    second = index(gallery, extractor, [folder, folder])
    assert (second.added, second.unchanged, second.photos, extractor.photos) == (0, 5, 5, 5)
    assert list(gallery.folders()) == [folder]


def test_records_size_and_grid_of_the_upright_photo(gallery, extractor, album):
    folder = album(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((320, 160), 50).convert("RGB").save(folder / "turned.jpg", exif=exif)
    index(gallery, extractor, [folder])
    photo = gallery.photos()[0]
    assert (photo.width, photo.height) == (160, 320)
    assert (photo.columns, photo.rows) == (4, 7)
    assert gallery.features(photo.id).content.shape == (7, 4, TINY.dimension)


def test_changed_photo_is_read_again(gallery, extractor, album):
    folder = album(3)
    index(gallery, extractor, [folder])
    shutil.copyfile(SAMPLES[5], folder / SAMPLES[0].name)
    report = index(gallery, extractor, [folder])
    assert (report.updated, report.added, report.unchanged, report.photos) == (1, 0, 2, 3)


def test_touched_photo_is_not_extracted_again(gallery, extractor, album):
    folder = album(2)
    index(gallery, extractor, [folder])
    os.utime(folder / SAMPLES[0].name, (1, 1))
    assert index(gallery, extractor, [folder]).unchanged == 2
    assert extractor.photos == 2
    assert index(gallery, extractor, [folder]).unchanged == 2


def test_moved_folder_keeps_its_features(gallery, extractor, album, tmp_path):
    folder = album(4, "all/before")
    index(gallery, extractor, [tmp_path / "all"])
    ids = {photo.id for photo in gallery.photos()}
    folder.rename(tmp_path / "all" / "after")
    report = index(gallery, extractor, [tmp_path / "all"])
    assert (report.moved, report.added, report.removed, report.photos) == (4, 0, 0, 4)
    assert extractor.photos == 4
    assert {photo.id for photo in gallery.photos()} == ids
    assert all("after" in photo.file.path.parts for photo in gallery.photos())


def test_copy_is_added_without_extraction(gallery, extractor, album):
    folder = album(1)
    index(gallery, extractor, [folder])
    shutil.copyfile(SAMPLES[0], folder / "copy.jpg")
    report = index(gallery, extractor, [folder])
    assert (report.added, report.moved, report.photos, extractor.photos) == (1, 0, 2, 1)


def test_two_photos_that_swap_names(gallery, extractor, album):
    folder = album(2)
    index(gallery, extractor, [folder])
    one, other = sorted(folder.iterdir())
    digests = {photo.file.path: photo.file.digest for photo in gallery.photos()}
    one.rename(folder / "aside")
    other.rename(one)
    (folder / "aside").rename(other)
    index(gallery, extractor, [folder])
    assert {photo.file.path: photo.file.digest for photo in gallery.photos()} == {
        one: digests[other],
        other: digests[one],
    }
    assert all(gallery.has_sound_features(photo) for photo in gallery.photos())


def test_deleted_photo_is_removed_and_photos_elsewhere_stay(gallery, extractor, album):
    here, elsewhere = album(3, "here"), album(2, "elsewhere")
    index(gallery, extractor, [here, elsewhere])
    (here / SAMPLES[0].name).unlink()
    (elsewhere / SAMPLES[0].name).unlink()
    report = index(gallery, extractor, [here])
    assert (report.removed, report.photos) == (1, 4)


@pytest.mark.parametrize("unplugged", ["folder gone", "mount point empty"])
def test_unplugged_disk_does_not_empty_the_gallery(gallery, extractor, album, unplugged):
    disk, other = album(3, "disk"), album(0, "other")
    shutil.copyfile(SAMPLES[5], other / "photo.jpg")
    index(gallery, extractor, [disk])
    shutil.rmtree(disk)
    if unplugged == "mount point empty":
        disk.mkdir()
        report = index(gallery, extractor, [disk, other])
        assert [path for path, _ in report.skipped] == [disk]
        assert (report.removed, report.photos) == (0, 4)
    with pytest.raises(RaihaError) as error:
        index(gallery, extractor, [disk])
    assert error.value.code in {"folder-missing", "no-photos"}
    assert gallery.status().photos >= 3


def test_unusable_files_are_named_and_do_not_stop_the_run(gallery, extractor, album):
    folder = album(2)
    data = SAMPLES[0].read_bytes()
    (folder / "truncated.jpg").write_bytes(data[: len(data) // 2])
    (folder / "text.jpg").write_text("this is no photo")
    (folder / "empty.png").touch()
    (folder / "fifo.jpg").unlink(missing_ok=True)
    os.mkfifo(folder / "fifo.jpg")
    (folder / "broken link.jpg").symlink_to(folder / "nowhere.jpg")
    Image.new("RGB", (1, 1)).save(folder / "tiny.png")
    Image.new("1", (30000, 100)).save(folder / "long.png")
    report = index(gallery, extractor, [folder])
    assert {path.name for path, _ in report.skipped} == {
        "truncated.jpg",
        "text.jpg",
        "empty.png",
        "fifo.jpg",
        "broken link.jpg",
        "tiny.png",
    }
    assert all(reason for _, reason in report.skipped)
    assert report.photos == 3


def test_photo_that_vanishes_after_the_walk_is_named(gallery, extractor, album, monkeypatch):
    folder = album(3)
    victim = folder / SAMPLES[1].name
    resize = extractor.resize

    def vanish(photo):
        victim.unlink(missing_ok=True)
        return resize(photo)

    monkeypatch.setattr("raiha.gallery_tools.photo_reader._THREADS", 1)
    monkeypatch.setattr(extractor, "resize", vanish)
    report = index(gallery, extractor, [folder])
    assert [path for path, _ in report.skipped] == [victim]
    assert report.photos == 2


def test_progress_ends_at_the_total(gallery, extractor, album):
    seen = []
    index(gallery, extractor, [album(10)], seen.append)
    assert seen[-1].done == seen[-1].total == 10
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert seen[-1].seconds_left == 0
    assert seen[-1].photos_per_second > 0


def test_interrupted_run_keeps_what_is_done_and_goes_on(gallery, extractor, album, monkeypatch):
    monkeypatch.setattr("raiha.gallery_tools.indexer.BATCH", 2)
    folder = album(10)

    def stop(progress):
        if progress.done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(gallery, extractor, [folder], stop)
    kept = gallery.status().photos
    assert 4 <= kept < 10
    report = index(gallery, extractor, [folder])
    assert (report.unchanged, report.added) == (kept, 10 - kept)


KILLED = """
import os, sys
from pathlib import Path
import raiha.gallery_tools.indexer as indexer
from raiha.gallery_tools.store import Gallery
from tiny_extractor import CountingExtractor, TINY
indexer.BATCH = 1
indexer._PHOTOS_A_COMMIT = 3
def kill(progress):
    if progress.done == 8:
        os.kill(os.getpid(), 9)
with Gallery.create("killed", TINY) as gallery:
    indexer.index(gallery, CountingExtractor(), [Path(sys.argv[1])], kill)
"""


@pytest.mark.slow
def test_killed_run_leaves_a_sound_gallery(extractor, album):
    folder = album(10)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], cwd=Path(__file__).parent, check=False)
    assert killed.returncode == -9
    with Gallery("killed") as gallery:
        kept = gallery.status().photos
        assert gallery.integrity() == "ok"
        assert 0 < kept < 10
        assert index(gallery, extractor, [folder]).photos == 10
        assert extractor.photos == 10 - kept


def test_only_one_process_writes(gallery, extractor, album):
    folder = album(1)
    with gallery.writing(), Gallery("test") as other, pytest.raises(RaihaError) as error:
        index(other, extractor, [folder])
    assert error.value.code == "gallery-busy"


def test_folder_without_photos(gallery, extractor, album):
    folder = album(0)
    (folder / "notes.txt").write_text("no photo")
    with pytest.raises(RaihaError, match="no photos in"):
        index(gallery, extractor, [folder])
