"""Galleries by messages: folders are read, photos listed, galleries removed."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from running_daemon import RunningDaemon

from raiha.backend.client.raiha_client import ClientError

PHOTOS = Path(__file__).parents[2] / "samples" / "photos"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three photos and a file that is none."""
    made = tmp_path / "trips"
    made.mkdir()
    for photo in sorted(PHOTOS.glob("coco_*.jpg"))[:3]:
        shutil.copy(photo, made)
    (made / "broken.jpg").write_bytes(b"no photo")
    return made


@pytest.mark.slow
def test_a_folder_is_read_listed_and_removed(daemon: RunningDaemon, folder: Path) -> None:
    counts = []
    with daemon.connect() as client:
        job = client.index(str(folder), "trips")
        with pytest.raises(ClientError, match="A folder of photos is being read"):
            client.ask("index", folder=str(folder), gallery="other")
        while not job.finished:
            job.poll(0.1)
            counts.append(job.counts)
        assert job.error is None
        assert {name: job.answer[name] for name in ("gallery", "photos", "added", "skipped")} == {
            "gallery": "trips",
            "photos": 3,
            "added": 3,
            "skipped": 1,
        }
        assert counts == sorted(counts)
        assert client.photos("trips")["total"] == 3
        assert client.photos("trips", 2)["photos"] == [str(sorted(folder.glob("coco_*"))[2])]
        client.remove_gallery("trips")
        with pytest.raises(ClientError, match="There is no gallery named 'trips'"):
            client.photos("trips")
    assert len(list(folder.iterdir())) == 4


@pytest.mark.slow
def test_reading_is_cancelled_and_another_can_begin(daemon: RunningDaemon, folder: Path) -> None:
    with daemon.connect() as client:
        job = client.index(str(folder), "trips")
        time.sleep(0.3)
        job.cancel()
        while not job.finished:
            job.poll(0.1)
        assert job.state == "cancelled"
        missing = client.index(str(folder / "nowhere"), "trips")
        with pytest.raises(ClientError, match="is not a folder"):
            missing.wait()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("index", {"folder": "trips", "gallery": "trips"}),
        ("index", {"folder": "/trips", "gallery": ""}),
        ("index", {"folder": "/trips\0", "gallery": "trips"}),
        ("photos", {"gallery": 7}),
        ("photos", {"gallery": "trips", "begin": -1}),
        ("remove-gallery", {}),
    ],
)
def test_bad_messages_about_galleries_are_refused(daemon: RunningDaemon, kind: str, fields: dict[str, object]) -> None:
    with daemon.connect() as client, pytest.raises(ClientError) as caught:
        client.ask(kind, **fields)
    assert caught.value.code == "bad-message"


@pytest.mark.parametrize("kind", ["photos", "remove-gallery"])
def test_a_gallery_that_is_not_there_is_named(daemon: RunningDaemon, kind: str) -> None:
    with daemon.connect() as client, pytest.raises(ClientError, match="trips"):
        client.ask(kind, gallery="trips")
