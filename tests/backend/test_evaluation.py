"""Evaluation: the measures, the layout, and the command on real pairs made of sample photos."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raiha.backend.evaluation import Pair, evaluate_pair, find_pairs, measure
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult
from raiha.gallery_tools.errors import RaihaError

SAMPLES = Path(__file__).parents[2] / "samples"
PHOTO = "coco_000000234748"


@pytest.fixture
def pairs_folder(tmp_path: Path) -> Path:
    """One pair: the man at the car, made darker and redder."""
    subset = tmp_path / "pairs" / "HSample"
    for name in ("composite_images", "masks", "real_images"):
        (subset / name).mkdir(parents=True)
    with Image.open(SAMPLES / "photos" / f"{PHOTO}.jpg") as photo:
        real = np.asarray(photo.convert("RGB"))
    with Image.open(SAMPLES / "masks" / f"{PHOTO}_1.png") as image:
        mask = np.asarray(image.convert("L").resize(photo.size))
    composite = np.where(mask[..., None] > 127, real * [0.9, 0.6, 0.5], real).astype(np.uint8)
    Image.fromarray(real).save(subset / "real_images" / "man.png")
    Image.fromarray(mask).save(subset / "masks" / "man_1.png")
    Image.fromarray(composite).save(subset / "composite_images" / "man_1_1.png")
    return tmp_path / "pairs"


def test_measures_agree_with_their_definitions() -> None:
    real = np.zeros((10, 20, 3), np.uint8)
    image, mask = real.copy(), np.zeros((10, 20), bool)
    mask[:5, :4] = True
    image[mask] = 10
    assert measure(image, real, mask) == pytest.approx({"psnr": 10 * np.log10(255**2 / 10), "mse": 10.0, "fmse": 100.0})
    assert measure(real, real, mask) == {"psnr": 100.0, "mse": 0.0, "fmse": 0.0}


def test_pairs_are_found_in_subsets_and_directly(pairs_folder: Path) -> None:
    (pair,) = find_pairs(pairs_folder)
    assert pair.name == "HSample/man_1_1"
    assert [file.name for file in (pair.composite, pair.mask, pair.real)] == ["man_1_1.png", "man_1.png", "man.png"]
    assert find_pairs(pairs_folder / "HSample")[0].name == "man_1_1"


def test_a_mask_may_serve_all_retouches_of_a_photo(pairs_folder: Path) -> None:
    subset = pairs_folder / "HSample"
    (subset / "composite_images" / "man_1_1.png").rename(subset / "composite_images" / "man_c_from_a.png")
    (subset / "masks" / "man_1.png").rename(subset / "masks" / "man.png")
    (subset / "real_images" / "man.png").rename(subset / "real_images" / "man_c.png")
    (pair,) = find_pairs(pairs_folder)
    assert [file.name for file in (pair.composite, pair.mask, pair.real)] == [
        "man_c_from_a.png",
        "man.png",
        "man_c.png",
    ]


def test_a_folder_without_pairs_and_an_incomplete_pair_are_refused(pairs_folder: Path) -> None:
    with pytest.raises(RaihaError, match="holds no test pairs"):
        find_pairs(pairs_folder / "HSample" / "masks")
    (pairs_folder / "HSample" / "real_images" / "man.png").unlink()
    with pytest.raises(RaihaError, match="no counterpart"):
        find_pairs(pairs_folder)


def test_sizes_that_differ_and_files_that_cannot_be_read_are_refused(pairs_folder: Path) -> None:
    (pair,) = find_pairs(pairs_folder)
    pair.mask.write_bytes(b"no picture")
    with pytest.raises(RaihaError, match="cannot be read"):
        evaluate_pair(pair, {}, _unused)
    Image.new("L", (8, 8)).save(pair.mask)
    with pytest.raises(RaihaError, match="differ in size"):
        evaluate_pair(pair, {}, _unused)


def _unused(request: HarmonizeRequest) -> HarmonizeResult:
    raise AssertionError(request)


def test_a_perfect_and_an_idle_method_are_measured_as_such(pairs_folder: Path) -> None:
    (pair,) = find_pairs(pairs_folder)
    with Image.open(pair.real) as image:
        real = np.asarray(image)

    def perfect(request: HarmonizeRequest) -> HarmonizeResult:
        assert request.mask is not None
        return HarmonizeResult(np.where(request.mask[..., None] > 0, real, request.layer), Adjustment(), 0.0, ())

    def idle(request: HarmonizeRequest) -> HarmonizeResult:
        return HarmonizeResult(request.layer, Adjustment(), 0.0, ())

    assert evaluate_pair(pair, {"raiha": None}, perfect).measures["raiha"]["psnr"] == 100
    figures = evaluate_pair(Pair("x", pair.composite, pair.mask, pair.real), {"raiha": None}, idle)
    assert figures.measures["raiha"] == figures.measures["composite"]


@pytest.mark.slow
def test_the_command_prints_one_object_with_figures_of_the_harmonized_image(pairs_folder: Path) -> None:
    command = [sys.executable, "-m", "raiha.backend.commands.main", "evaluate", str(pairs_folder), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(ran.stdout)
    assert report["n"] == len(report["per_image"]) == 1
    assert set(report["composite"]) == set(report["raiha"]) == {"psnr", "mse", "fmse"}
    assert report["per_image"][0]["raiha"] == report["raiha"] != report["composite"]
    assert "retrieval" not in report
