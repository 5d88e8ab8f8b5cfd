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
    assert gallery.damaged_photos() == []


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


def test_empty_mount_point_below_the_folder_changes_nothing(gallery, extractor, album):
    root = album(2)
    disk = album(3, "album/disk/2023")
    index(gallery, extractor, [root])
    shutil.rmtree(disk.parent)
    disk.parent.mkdir()
    report = index(gallery, extractor, [root])
    assert (report.removed, report.photos) == (0, 5)
    assert [path for path, _ in report.skipped] == [disk]


def test_disk_with_a_file_system_of_its_own_may_vanish_with_its_mount_point(gallery, extractor, album, monkeypatch):
    root = album(2)
    disk = album(3, "album/disk")
    monkeypatch.setattr("raiha.gallery_tools.photo_reader.device_of", lambda status: status.st_dev + 1)
    index(gallery, extractor, [root])
    shutil.rmtree(disk)
    assert index(gallery, extractor, [root]).removed == 0


def test_link_that_leads_nowhere_changes_nothing(gallery, extractor, album):
    root, disk = album(2), album(3, "disk")
    (root / "link").symlink_to(disk)
    (root / "linked.jpg").symlink_to(disk / SAMPLES[0].name)
    first = index(gallery, extractor, [root])
    extracted = extractor.photos
    disk.rename(disk.with_name("elsewhere"))
    assert index(gallery, extractor, [root]).removed == 0
    disk.with_name("elsewhere").rename(disk)
    again = index(gallery, extractor, [root])
    assert (again.photos, again.added, extractor.photos) == (first.photos, 0, extracted)


def test_folder_that_is_removed_takes_its_photos_along(gallery, extractor, album):
    root = album(2)
    index(gallery, extractor, [root, album(3, "album/old")])
    shutil.rmtree(root / "old")
    assert index(gallery, extractor, [root]).removed == 3


def test_what_is_ignored_is_left_out_and_leaves(gallery, extractor, album):
    root = album(3)
    for name in ("node_modules/a", "@eaDir", ".git", "receipts", "raw/2019", "private"):
        album(1, f"album/{name}")
    assert index(gallery, extractor, [root]).photos == 6
    (root / ".raihaignore").write_text(f"# not for searching\nreceipts/\nraw/20*\n{SAMPLES[1].stem}.*\n")
    (root / "private" / ".raihaignore").touch()
    report = index(gallery, extractor, [root])
    assert (report.removed, report.photos) == (4, 2)


def test_twenty_moves_extract_nothing(gallery, extractor, album):
    root = album(20)
    index(gallery, extractor, [root])
    (root / "deeper").mkdir()
    for number, path in enumerate(sorted(root.glob("*.jpg"))):
        path.rename(root / "deeper" / f"{number}.jpg" if number % 2 else root / f"renamed {number}.jpg")
    report = index(gallery, extractor, [root])
    assert (report.moved, report.added, report.removed, extractor.photos) == (20, 0, 0, 20)


def test_skipped_files_are_kept_with_their_reasons(gallery, extractor, album):
    folder = album(1)
    (folder / "text.jpg").write_text("no photo")
    report = index(gallery, extractor, [folder])
    assert gallery.skipped() == report.skipped
    (folder / "text.jpg").unlink()
    index(gallery, extractor, [folder])
    assert gallery.skipped() == []


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

    monkeypatch.setattr(extractor, "resize", vanish)
    report = index(gallery, extractor, [folder], workers=1)
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
