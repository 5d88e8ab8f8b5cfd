"""What a folder of photos may hold by accident or by malice: an index run goes on, and names what it left out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_extractor import SAMPLES

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.export import export_photos
from raiha.gallery_tools.indexer import index, require_photos
from raiha.gallery_tools.photo_folders import find_photos
from raiha.gallery_tools.photos import UnreadablePhoto, load_photo
from raiha.gallery_tools.search import search


def test_links_in_circles_are_named(gallery, extractor, album):
    folder = album(2)
    (folder / "self").symlink_to("self")
    (folder / "self.jpg").symlink_to("self.jpg")
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "up").symlink_to(folder)
    report = index(gallery, extractor, [folder])
    assert {path.name for path, _ in report.skipped} == {"self", "self.jpg", "a", "b"}
    assert report.photos == 2


def test_a_circle_given_as_the_folder_is_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RaihaError) as error:
        require_photos([tmp_path / "loop"])
    assert error.value.code == "folder-missing"


def test_pipes_sockets_and_devices_named_as_photos_are_left_out(gallery, extractor, album, monkeypatch):
    folder = album(1)
    os.mkfifo(folder / "pipe.png")
    monkeypatch.chdir(folder)  # a socket's whole path has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
        (folder / "device.jpg").symlink_to("/dev/zero")
        report = index(gallery, extractor, [folder])
    assert {path.name for path, _ in report.skipped} == {"pipe.png", "socket.jpg", "device.jpg"}
    assert report.photos == 1


@settings(max_examples=20)
@given(seconds=st.integers(-(2**33), 2**36))
def test_any_time_of_change_is_stored_and_known_again(gallery, extractor, album, seconds):
    folder = Path(album(1, name=f"album {seconds}"))
    try:
        photo = folder / SAMPLES[0].name
        try:
            os.utime(photo, (seconds, seconds))
        except OverflowError:
            return
        index(gallery, extractor, [folder])
        assert index(gallery, extractor, [folder]).unchanged == 1
        export_photos(gallery, folder / "gallery.json")
    finally:
        shutil.rmtree(folder)


def test_names_as_long_as_they_may_be_or_not_text(gallery, extractor, album):
    folder = album(1)
    longest = folder / ("n" * 251 + ".jpg")
    shutil.copyfile(SAMPLES[1], longest)
    shutil.copyfile(SAMPLES[2], folder / os.fsdecode(b"caf\xe9.jpg"))
    (folder / os.fsdecode(b"dossier\xe9")).mkdir()
    report = index(gallery, extractor, [folder])
    assert [path.name for path, _ in report.skipped] == ["caf\ufffd.jpg"]
    assert longest in [photo.file.path for photo in gallery.photos()]


_WALK = """
import os, sys
from pathlib import Path
from raiha.gallery_tools.photo_folders import find_photos
os.setuid(65534)
skipped = []
print(sorted(path.name for path in find_photos([Path(sys.argv[1])], lambda path, _: skipped.append(path.name))))
print(sorted(skipped))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_folders_closed_to_the_user_are_passed_over():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        album = Path(folder)
        album.chmod(0o755)
        shutil.copyfile(SAMPLES[0], album / "open.jpg")
        (album / "closed").mkdir(mode=0o700)
        (album / "into closed").symlink_to("closed/deeper")
        (album / "into closed.jpg").symlink_to("closed/photo.jpg")
        done = subprocess.run([sys.executable, "-c", _WALK, str(album)], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["['into closed.jpg', 'open.jpg']", "['closed', 'into closed']"], done.stderr


def test_a_photo_that_needs_too_much_memory_is_left_out(gallery, extractor, album, monkeypatch):
    folder = album(2)
    resize = extractor.resize
    calls = []

    def first_fails(photo):
        calls.append(photo)
        if len(calls) == 1:
            raise MemoryError
        return resize(photo)

    monkeypatch.setattr(extractor, "resize", first_fails)
    report = index(gallery, extractor, [folder], workers=1)
    assert ["memory" in reason for _, reason in report.skipped] == [True]
    assert report.photos == 1


def test_a_progressive_jpeg_is_measured_at_its_full_size(tmp_path, monkeypatch):
    """Its decoder holds all coefficients, also when it is asked for an eighth."""
    noise = Image.effect_noise((1600, 1600), 40)
    noise.save(tmp_path / "progressive.jpg", progressive=True)
    noise.save(tmp_path / "baseline.jpg")
    monkeypatch.setattr("raiha.gallery_tools.photos.MOST_PIXELS", 1_000_000)
    assert load_photo(tmp_path / "baseline.jpg", 200).shape == (200, 200, 3)
    with pytest.raises(UnreadablePhoto, match="megapixels"):
        load_photo(tmp_path / "progressive.jpg", 200)


def test_a_pipe_that_takes_a_photos_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(UnreadablePhoto, match="not a file"):
        load_photo(tmp_path / "a.jpg")


def test_a_photo_whose_row_is_removed_is_told_as_gone(gallery, extractor, album):
    index(gallery, extractor, [album(1)])
    (photo,) = gallery.photos()
    gallery.remove([photo.file.path])
    with pytest.raises(RaihaError) as error:
        gallery.features(photo.id)
    assert error.value.code == "photo-gone"


def test_a_search_goes_on_where_photos_can_no_longer_be_looked_at(gallery, extractor, album, monkeypatch):
    folder = album(3)
    index(gallery, extractor, [folder])
    features = gallery.features(gallery.photos()[0].id)
    (folder / SAMPLES[0].name).unlink()
    (folder / SAMPLES[0].name).symlink_to(SAMPLES[0].name)
    mask = np.zeros(features.content.shape[:2], np.float32)
    mask[: len(mask) // 2] = 1
    found = search(gallery, extractor.info, features.content, features.appearance, mask)
    assert folder / SAMPLES[0].name not in [reference.path for reference in found]


@settings(max_examples=30)
@given(name=st.binary(min_size=1, max_size=60).filter(lambda name: not set(name) & {0, ord("/")}))
def test_any_name_can_be_walked(tmp_path, name):
    if name in (b".", b".."):
        return
    path = tmp_path / os.fsdecode(name + b".jpg")
    path.write_bytes(b"no photo")
    skipped: list[str] = []
    try:
        found = [str(photo) for photo in find_photos([tmp_path], lambda path, _: skipped.append(str(path)))]
        for shown in [*found, *skipped]:
            shown.encode()
    finally:
        path.unlink()
