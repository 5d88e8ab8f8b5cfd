from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from raiha.backend.commands.main import app
from raiha.backend.image_file import read_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a composite with its mask, and a layer with transparency."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(tmp_path / "composite.png")
    mask = np.zeros((60, 80), dtype=np.uint8)
    mask[20:40, 30:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    layer = rng.integers(0, 256, (30, 20, 4), dtype=np.uint8)
    layer[:10, :, 3] = 0
    Image.fromarray(layer).save(tmp_path / "layer.png")
    return tmp_path


def raiha(folder: Path, *arguments: str) -> Result:
    names = [str(folder / one) if one.endswith((".png", ".tif", ".jpg")) else one for one in arguments]
    return CliRunner().invoke(app, ["harmonize", *names, "--json"])


def pixels(path: Path) -> Any:
    return read_image(path).pixels


def test_a_composite_changes_only_where_the_mask_is(folder: Path) -> None:
    done = raiha(folder, "composite.png", "--mask", "mask.png", "-o", "out.png", "--no-daemon")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["output"] == str(folder / "out.png")
    assert report["references"] == []
    assert report["daemon"] is False
    assert report["seconds"]["total"] > 0
    before, after = pixels(folder / "composite.png"), pixels(folder / "out.png")
    assert (after != before).any()
    assert (after != before).any(axis=2)[20:40, 30:60].sum() == (after != before).any(axis=2).sum()


def test_a_layer_keeps_its_size_and_transparency(folder: Path) -> None:
    arguments = ["layer.png", "--background", "composite.png", "--offset", "-3,40", "-o", "out.tif", "--no-daemon"]
    done = raiha(folder, *arguments)
    assert done.exit_code == 0, done.output
    before, after = pixels(folder / "layer.png"), pixels(folder / "out.tif")
    assert (before[..., 3] == after[..., 3]).all()
    assert (before[:10] == after[:10]).all()


def test_strength_0_gives_the_picture_back(folder: Path) -> None:
    done = raiha(folder, "composite.png", "--mask", "mask.png", "-o", "out.png", "--strength", "0", "--no-daemon")
    assert done.exit_code == 0, done.output
    assert (pixels(folder / "composite.png") == pixels(folder / "out.png")).all()


ZERO = ["--adjust", "exposure=0", "--adjust", "temperature=0", "--adjust", "tint=0", "--adjust", "contrast=0"]
ZERO += ["--adjust", "brightness=0", "--adjust", "saturation=0", "--adjust", "veil=0"]


def test_adjust_sets_the_numbers_that_the_report_names(folder: Path) -> None:
    arguments = ["composite.png", "--mask", "mask.png", "-o", "out.png", "--no-daemon", *ZERO]
    darker = json.loads(raiha(folder, *arguments, "--adjust", "exposure=-1.5", "--adjust", "saturation=-20").stdout)
    numbers = darker["adjustments"]
    assert (numbers["exposure"], numbers["saturation"], numbers["tint"]) == (-1.5, -20.0, 0.0)
    assert darker["change"] > 5 and darker["fits"] is False
    before, after = pixels(folder / "composite.png"), pixels(folder / "out.png")
    assert after[20:40, 30:60].mean() < 0.8 * before[20:40, 30:60].mean()


def test_an_object_that_fits_is_reported_in_words(folder: Path) -> None:
    Image.new("RGB", (80, 60), (110, 120, 130)).save(folder / "flat.png")
    names = [str(folder / "flat.png"), "--mask", str(folder / "mask.png"), "-o", str(folder / "out.png")]
    done = CliRunner().invoke(app, ["harmonize", *names, "--no-daemon", *ZERO])
    assert done.exit_code == 0 and "already fits" in done.stdout


def test_a_daemon_gives_the_same_bytes(folder: Path, start_daemon: Callable[..., Any]) -> None:
    from raiha.backend.pipeline.pipeline import Pipeline

    arguments = ["composite.png", "--mask", "mask.png", "--only", "colour", "--strength", "1.2", "--adjust", "tint=0.4"]
    alone = raiha(folder, *arguments, "-o", "alone.png", "--no-daemon")
    start_daemon(Pipeline())
    sent = raiha(folder, *arguments, "-o", "sent.png")
    assert json.loads(alone.stdout)["daemon"] is False
    assert json.loads(sent.stdout)["daemon"] is True
    for name in ("adjustments", "change", "fits"):
        assert json.loads(alone.stdout)[name] == json.loads(sent.stdout)[name]
    assert (folder / "alone.png").read_bytes() == (folder / "sent.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["composite.png", "-o", "out.png"], "no-mask", 2),
        (["layer.png", "-o", "out.png"], "no-mask", 2),
        (["layer.png", "--mask", "mask.png", "-o", "out.png"], "mask-size", 2),
        (["layer.png", "--background", "composite.png", "--offset", "x", "-o", "out.png"], "bad-offset", 2),
        (["layer.png", "--background", "composite.png", "--offset", "900,0", "-o", "out.png"], "off-canvas", 1),
        (["layer.png", "--background", "composite.png", "-o", "out.jpg"], "no-alpha", 2),
        (["composite.png", "--mask", "mask.png", "-o", "composite.png"], "would-overwrite", 2),
        (["composite.png", "--mask", "mask.png", "-o", "mask.png"], "would-overwrite", 2),
        (["composite.png", "--mask", "mask.png", "--reference", "a.jpg", "-o", "a.jpg"], "would-overwrite", 2),
        (["composite.png", "--mask", "mask.png", "--exclude", "a.jpg", "-o", "b.jpg"], "would-overwrite", 2),
        (["composite.png", "--mask", "mask.png", "--reference", "a.jpg", "-o", "link.jpg"], "would-overwrite", 2),
        (["composite.png", "--mask", "missing.png", "-o", "out.png"], "no-file", 2),
        (["composite.png", "--mask", "unscaled.png", "-o", "out.png"], "mask-too-dark", 2),
        (["composite.png", "--mask", "mask.png", "--adjust", "gamma=1", "-o", "out.png"], "bad-adjustment", 2),
        (["composite.png", "--mask", "mask.png", "--adjust", "exposure", "-o", "out.png"], "bad-adjustment", 2),
        (["composite.png", "--mask", "mask.png", "--adjust", "tint=9", "-o", "out.png"], "bad-adjustment", 2),
        (["composite.png", "--mask", "mask.png", "--adjust", "tint=nan", "-o", "out.png"], "bad-adjustment", 2),
        (["composite.png", "--mask", "empty.png", "-o", "out.png"], "empty-mask", 1),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(folder: Path, arguments: list[str], code: str, status: int) -> None:
    Image.new("L", (80, 60)).save(folder / "empty.png")
    Image.new("RGB", (80, 60)).save(folder / "a.jpg")
    (folder / "b.jpg").hardlink_to(folder / "a.jpg")
    (folder / "link.jpg").symlink_to("a.jpg")
    Image.new("L", (80, 60), 1).save(folder / "unscaled.png")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = raiha(folder, *arguments)
    assert done.exit_code == status
    assert json.loads(done.stdout)["error"]["code"] == code
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_photo_of_the_gallery_is_not_written_over(folder: Path) -> None:
    (folder / "album").mkdir()
    Image.effect_noise((80, 60), 50).convert("RGB").save(folder / "album" / "photo.jpg")
    assert CliRunner().invoke(app, ["index", str(folder / "album")]).exit_code == 0
    before = (folder / "album" / "photo.jpg").read_bytes()
    done = raiha(folder, "composite.png", "--mask", "mask.png", "--gallery", "default", "-o", "album/photo.jpg")
    assert json.loads(done.stdout)["error"]["code"] == "would-overwrite"
    assert (folder / "album" / "photo.jpg").read_bytes() == before


def test_a_request_larger_than_the_daemon_takes_is_done_in_this_process(
    folder: Path, start_daemon: Callable[..., Any]
) -> None:
    from raiha.backend.daemon.server import Limits

    arguments = ["composite.png", "--mask", "mask.png", "--strength", "0.7"]
    raiha(folder, *arguments, "-o", "alone.png", "--no-daemon")
    start_daemon(limits=Limits(frame_bytes=1000))
    done = raiha(folder, *arguments, "-o", "out.png")
    assert json.loads(done.stdout)["daemon"] is False
    assert (folder / "alone.png").read_bytes() == (folder / "out.png").read_bytes()


def test_what_is_lost_is_named(folder: Path) -> None:
    with Image.open(folder / "composite.png") as picture:
        picture.convert("RGB").save(folder / "commented.jpg", comment=b"by hand")
    done = raiha(folder, "commented.jpg", "--mask", "mask.png", "-o", "out.png", "--no-daemon")
    assert json.loads(done.stdout)["lost"] == ["the comment of the JPEG"]
