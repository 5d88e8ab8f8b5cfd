"""`raiha index`, `raiha gallery` and `raiha search`, run as a user runs them, with the bundled extractor's own file."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_extractor import SAMPLES, TINY
from typer.testing import CliRunner

from raiha.backend.commands.main import app
from raiha.gallery_tools.store import Gallery


class ReadPage(HTMLParser):
    """What a page shows: its text, how many elements of each kind, and what it loads; elements left open."""

    def __init__(self):
        super().__init__()
        self.text, self.count, self.sources, self.open = "", Counter(), [], []

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "image", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "image":
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


MASKS = Path(__file__).parents[2] / "samples" / "masks"


def raiha(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result.stdout if status == 0 else result.output


def raiha_json(*words: object, status: int = 0) -> dict:
    result = CliRunner().invoke(app, [*(str(word) for word in words), "--json"])
    assert result.exit_code == status, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)


@pytest.fixture
def indexed(album):
    folder = album(4)
    raiha("index", folder)
    return folder


def test_index_says_what_it_did(album):
    folder = album(2)
    (folder / "broken.jpg").write_text("no photo")
    report = raiha_json("index", folder, "--gallery", "people")
    assert {name: report[name] for name in ("gallery", "folders", "photos", "added", "removed", "unchanged")} == {
        "gallery": "people",
        "folders": [str(folder)],
        "photos": 2,
        "added": 2,
        "removed": 0,
        "unchanged": 0,
    }
    assert [Path(one["path"]).name for one in report["skipped"]] == ["broken.jpg"]
    assert report["photos_per_second"] > 0
    text = raiha("index", folder, "--gallery", "people")
    assert "broken.jpg" in text
    assert "2 unchanged" in text


def test_index_of_nothing_makes_no_gallery(album, tmp_path):
    assert "no photos" in raiha("index", album(0), status=1)
    assert "not a folder" in raiha("index", tmp_path / "nowhere", status=2)
    assert raiha_json("gallery", "status") == {"galleries": []}


def test_index_refuses_a_gallery_of_another_extractor(album):
    with Gallery.create("default", TINY):
        pass
    folder = album(1)
    assert "extractor 'tiny', not 'bundled'" in raiha("index", folder, "--extractor", "bundled", status=1)
    assert "no extractor named 'tiny'" in raiha("index", folder, status=2)


def test_index_with_damaged_weights(album, tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    assert "damaged" in raiha("index", album(1), "--weights", tmp_path / "weights.safetensors", status=1)


def test_stopped_index_says_that_it_can_go_on(album, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("raiha.gallery_tools.index_gallery.index", stop)
    assert "are kept" in raiha("index", album(1), status=130)


def test_report_is_whole_and_names_what_was_skipped(indexed, tmp_path):
    (indexed / "<text>.jpg").write_text("no photo")
    raiha("index", indexed)
    report = tmp_path / "report.html"
    assert raiha_json("gallery", "report", report)["photos"] == 4
    page = ReadPage()
    page.feed(report.read_text())
    assert page.open == []
    assert "4 photos" in page.text
    assert "<text>.jpg" in page.text
    assert page.count["image"] == 8  # each photo on both maps
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert "exists already" in raiha("gallery", "report", report, status=1)


def test_status_and_list(indexed):
    (status,) = raiha_json("gallery", "status")["galleries"]
    assert (status["name"], status["photos"], status["extractor"]) == ("default", 4, "bundled")
    assert status["folders"] == [str(indexed)]
    assert status["bytes"] > 0
    assert "4 photos" in raiha("gallery", "status", "--gallery", "default")
    photos = raiha_json("gallery", "list")["photos"]
    assert [photo["path"] for photo in photos] == [str(path) for path in sorted(indexed.iterdir())]
    assert len(raiha("gallery", "list").splitlines()) == 4


def test_damaged_gallery_does_not_hide_the_others(indexed, tmp_path):
    shutil.copytree(tmp_path / "data" / "galleries" / "default", tmp_path / "data" / "galleries" / "harmed")
    (tmp_path / "data" / "galleries" / "harmed" / "gallery.sqlite").write_bytes(b"harm" * 999)
    good, harmed = raiha_json("gallery", "status")["galleries"]
    assert good["photos"] == 4
    assert harmed["error"]["code"] == "gallery-damaged"
    assert "is damaged" in raiha("gallery", "status")
    assert "is damaged" in raiha("gallery", "verify", "--gallery", "harmed", status=1)
    raiha("gallery", "verify", "--gallery", "harmed", "--repair")


def test_remove(indexed):
    one = sorted(indexed.iterdir())[0]
    assert raiha_json("gallery", "remove", one) == {"gallery": "default", "removed": 1, "photos": 3}
    assert "holds nothing at" in raiha("gallery", "remove", one, status=1)
    assert "Removed 3 photos" in raiha("gallery", "remove", indexed)
    assert raiha_json("gallery", "status")["galleries"][0]["folders"] == []
    assert "either paths or --all" in raiha("gallery", "remove", status=2)
    assert "either paths or --all" in raiha("gallery", "remove", indexed, "--all", status=2)
    assert "is gone" in raiha("gallery", "remove", "--all")
    assert "no gallery named" in raiha("gallery", "list", status=1)
    assert len(list(indexed.iterdir())) == 4


def test_verify(indexed):
    assert raiha_json("gallery", "verify")["sound"] is True
    sorted(indexed.iterdir())[0].unlink()
    report = raiha_json("gallery", "verify", status=1)
    assert (report["sound"], len(report["missing"]), report["problems"]) == (False, 1, [])


def test_export(indexed, tmp_path):
    files = raiha_json("gallery", "export", tmp_path / "out.json", "--features")["files"]
    assert files == [str(tmp_path / "out.json"), str(tmp_path / "out.npz")]
    assert len(json.loads((tmp_path / "out.json").read_text())["photos"]) == 4
    assert "exists already" in raiha("gallery", "export", tmp_path / "out.json", status=1)
    raiha("gallery", "export", tmp_path / "out.json", "--overwrite")
    assert "no folder" in raiha("gallery", "export", tmp_path / "nowhere" / "out.json", status=1)


def test_search_finds_the_photo_itself_first(indexed):
    photo, mask = SAMPLES[0], MASKS / f"{SAMPLES[0].stem}_0.png"
    first = raiha_json("search", photo, "--mask", mask)["references"][0]
    assert first["path"] == str(indexed / photo.name)
    assert first["content"] == 1
    assert first["score"] > 0.99
    assert raiha("search", photo, "--mask", mask, "-k", 1).splitlines()[1].endswith(photo.name)


def test_search_draws_what_matched(indexed, tmp_path):
    photo, mask, sheet = SAMPLES[0], MASKS / f"{SAMPLES[0].stem}_0.png", tmp_path / "sheet.png"
    found = raiha_json("search", photo, "--mask", mask, "--sheet", sheet, "--in", indexed)["references"]
    assert Image.open(sheet).height == 420 * len(found)
    assert found[0]["object_box"] == pytest.approx(found[0]["photo_box"], abs=0.1)
    excluded = raiha_json("search", photo, "--mask", mask, "--exclude", indexed, "--sheet", sheet)
    assert excluded["references"] == []
    assert "to be read" in raiha("search", photo, "--mask", mask, "--sheet", indexed / photo.name, status=2)


def test_search_says_when_nothing_qualifies(indexed, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(tmp_path / "all.png")
    assert "No photo of the gallery" in raiha("search", tmp_path / "noise.png", "--mask", tmp_path / "all.png")


def test_search_with_a_mask_that_does_not_fit(indexed, tmp_path):
    Image.new("L", (9, 9), 255).save(tmp_path / "small.png")
    Image.new("L", Image.open(SAMPLES[0]).size).save(tmp_path / "empty.png")
    assert "same size" in raiha("search", SAMPLES[0], "--mask", tmp_path / "small.png", status=2)
    assert "is empty" in raiha("search", SAMPLES[0], "--mask", tmp_path / "empty.png", status=1)
    assert "cannot be used" in raiha("search", tmp_path, "--mask", tmp_path / "empty.png", status=1)
