"""What a user may give by mistake, as `raiha` answers it: a sentence, what to do, an exit status, and nothing lost.

A taken port is in test_commands_daemon.py, a frame shorter than its header says in test_daemon_hostile.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import raiha.gallery_tools.extractors.onnx_engine as extractor_engine
from raiha.backend.client.raiha_client import CONNECTION_FILE
from raiha.backend.commands.main import app
from raiha.backend.pipeline import pipeline
from raiha.gallery_tools.extractors.registry import EXTRACTORS
from raiha.gallery_tools.store import Gallery

SAMPLE = Path(__file__).parents[2] / "samples" / "photos" / "coco_000000000127.jpg"


def raiha(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def harmonize(folder: Path, image: str, *more: object) -> Result:
    return raiha("harmonize", folder / image, *more, "-o", folder / "out.png")


def assert_told(result: Result, status: int, *words: str) -> None:
    """Return a sentence with these words, and no traceback."""
    assert result.exit_code == status, result.output
    assert all(word in result.output for word in words), result.output
    assert "Traceback" not in result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    pictures = {"picture": (60, 80), "pixel": (1, 1), "strip": (100, 30000)}
    for name, size in pictures.items():
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
        Image.new("L", size[::-1], 255).save(tmp_path / f"{name}-mask.png")
    Image.new("L", (80, 60)).save(tmp_path / "empty.png")
    (tmp_path / "cut.jpg").write_bytes(SAMPLE.read_bytes()[:9000])
    (tmp_path / "text.jpg").write_text("This is no photo.")
    return tmp_path


@pytest.mark.parametrize(
    ("image", "mask", "status", "words"),
    [
        ("picture.png", None, 2, ["cannot tell where", "--mask"]),
        ("picture.png", "empty.png", 1, ["mask is empty"]),
        ("picture.png", "pixel-mask.png", 2, ["1 x 1", "80 x 60"]),
        ("cut.jpg", "picture-mask.png", 1, ["cut.jpg"]),
        ("text.jpg", "picture-mask.png", 1, ["text.jpg"]),
        ("nowhere.jpg", "picture-mask.png", 2, ["nowhere.jpg"]),
    ],
)
def test_pictures_and_masks(folder: Path, image: str, mask: str | None, status: int, words: list[str]) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    more = ["--mask", folder / mask] if mask else []
    assert_told(harmonize(folder, image, *more, "--no-daemon"), status, *words)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_layer_without_alpha(folder: Path) -> None:
    told = harmonize(folder, "picture.png", "--background", folder / "picture.png", "--no-daemon")
    assert_told(told, 2, "picture.png", "--mask")


@pytest.mark.parametrize("name", ["pixel", "strip"])
def test_the_smallest_and_the_longest_picture_work(folder: Path, name: str) -> None:
    done = harmonize(folder, f"{name}.png", "--mask", folder / f"{name}-mask.png", "--no-daemon")
    assert done.exit_code == 0, done.output
    with Image.open(folder / "out.png") as result, Image.open(folder / f"{name}.png") as picture:
        assert result.size == picture.size


@pytest.mark.parametrize("photos", [[], ["text.jpg"], ["cut.jpg", "text.jpg"]])
def test_a_folder_without_a_photo_that_can_be_read(folder: Path, tmp_path: Path, photos: list[str]) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in photos:
        (album / name).write_bytes((folder / name).read_bytes())
    told = raiha("index", album)
    if photos:
        assert told.exit_code == 0
        assert all(f"Skipped {album / name}" in told.output.replace("\n", "") for name in photos)
    else:
        assert_told(told, 1, "no photos", "Name a folder")


def test_a_gallery_of_another_extractor_or_of_other_weights(folder: Path, tmp_path: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    (album / "photo.jpg").write_bytes(SAMPLE.read_bytes())
    with Gallery.create("dino", EXTRACTORS["dinov2-s"]):
        pass
    assert_told(raiha("index", album, "--gallery", "dino", "--extractor", "bundled"), 1, "'dinov2-s'", "--extractor")
    assert raiha("index", album).exit_code == 0
    with Gallery("default") as gallery:
        gallery.note_weights("those of last year")
    remedy = ("other weights", "raiha gallery remove --all", f'raiha index "{album}"')
    mask = ["--mask", folder / "picture-mask.png"]
    assert_told(raiha("index", album), 1, *remedy)
    assert_told(raiha("search", folder / "picture.png", *mask), 1, *remedy)
    assert_told(harmonize(folder, "picture.png", *mask, "--gallery", "default", "--no-daemon"), 1, *remedy)
    assert "other weights" in raiha("doctor").output
    assert raiha("gallery", "remove", "--all").exit_code == 0
    assert raiha("index", album).exit_code == 0


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_weights_that_are_missing_or_damaged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    weights = tmp_path / "some.safetensors"
    if content is not None:
        weights.write_bytes(content)
    word = "not there" if content is None else "damaged"
    for module, name in ((extractor_engine, "BUNDLED_WEIGHTS"), (pipeline, "SHIPPED_WEIGHTS")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, weights)
            told = harmonize(folder, "picture.png", "--mask", folder / "picture-mask.png", "--no-daemon")
            assert_told(told, 1, str(weights), word)
    assert not (folder / "out.png").exists()


def test_a_daemon_that_is_not_there() -> None:
    assert_told(raiha("status"), 1, "not running", "raiha serve")


def test_a_wrong_key(folder: Path, tmp_path: Path, start_daemon: Callable[..., Any]) -> None:
    start_daemon()
    file = tmp_path / "runtime" / CONNECTION_FILE
    connection = json.loads(file.read_text())
    # In a folder of its own, or the daemon would mend the file.
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / CONNECTION_FILE).write_text(json.dumps({**connection, "key": "00" * 32}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAIHA_RUNTIME_DIR", str(tmp_path / "other"))
        told = harmonize(folder, "picture.png", "--mask", folder / "picture-mask.png")
    assert_told(told, 1, "key", "raiha stop")
    assert not (folder / "out.png").exists()
