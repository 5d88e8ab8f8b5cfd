"""Masks that fit, on drawn things whose outline is known and on real photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.morphology import dilation, disk, erosion

from raiha.training.data.fitted_masks import fitted_mask, steepness
from raiha.training.data.json_lines import read_json_lines
from raiha.training.data.photo_pack import PhotoPack, build
from tests.training.conftest import SAMPLES


def _disc(centre: tuple[int, int], radius: int) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[:120, :160]
    inside: NDArray[np.bool_] = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    return inside


def _photo_of(thing: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Draw a reddish thing before a greenish wall, both grainy."""
    grain = np.random.default_rng(0).normal(0, 3, (*thing.shape, 3))
    return (np.where(thing[..., None], (150, 90, 80), (90, 130, 90)) + grain).clip(0, 255).astype(np.uint8)


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("shift", [(2, 1), (-1, -2), (0, 2)])
@pytest.mark.parametrize("centre", [(60, 80), (5, 80), (118, 158)], ids=["inside", "at the top", "in a corner"])
def test_a_mask_that_is_off_comes_to_fit(centre: tuple[int, int], shift: tuple[int, int]) -> None:
    thing = _disc(centre, 30)
    off = _disc((centre[0] + shift[0], centre[1] + shift[1]), 30)
    fitted = fitted_mask(_photo_of(thing), off)
    assert _overlap(off, thing) < 0.95
    assert _overlap(fitted, thing) > 0.97


@pytest.mark.parametrize("radius", [28, 32], ids=["too small", "too large"])
def test_a_mask_of_another_size_comes_to_fit(radius: int) -> None:
    thing = _disc((60, 80), 30)
    assert _overlap(fitted_mask(_photo_of(thing), _disc((60, 80), radius)), thing) > 0.97


def test_an_edge_moves_no_further_than_three_pixels() -> None:
    off = _disc((60, 90), 30)  # ten pixels beside the thing
    fitted = fitted_mask(_photo_of(_disc((60, 80), 30)), off)
    assert (fitted >= erosion(off, disk(3))).all()
    assert (fitted <= dilation(off, disk(3))).all()


@pytest.mark.parametrize("mask", [np.zeros((120, 160), bool), np.ones((120, 160), bool)], ids=["nothing", "everything"])
def test_masks_without_an_edge_stay(mask: NDArray[np.bool_]) -> None:
    assert (fitted_mask(_photo_of(_disc((60, 80), 30)), mask) == mask).all()


def test_thin_things_stay() -> None:
    mask = np.zeros((120, 160), bool)
    mask[10:110, 80:83] = True
    assert (fitted_mask(_photo_of(mask), mask) == mask).all()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder of the sample photos that have masks."""
    folder = tmp_path_factory.mktemp("fitted")
    entries = [entry for entry in read_json_lines(SAMPLES / "manifest.jsonl") if entry.get("masks")]
    lines = [
        {"file": str(SAMPLES / one["file"]), "masks": [str(SAMPLES / mask) for mask in one["masks"]], "split": "train"}
        for one in entries
    ]
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


def _packed(data: Path, side: int, share: float) -> PhotoPack:
    folder = data / f"pack_{side}_{share}"
    build(data, folder, side, fitted_share=share)
    return PhotoPack.load(folder)


def test_edges_of_real_photos_lie_where_colours_change_more(data: Path) -> None:
    drawn, fitted = _packed(data, 384, 0.0), _packed(data, 384, 1.0)
    gains = []
    for number, owner in enumerate(drawn.owners):
        height, width = drawn.sizes[owner]
        steep = steepness(np.ascontiguousarray(drawn.photos[owner, :, :height, :width].transpose(1, 2, 0)))
        before, after = (pack.masks[number, :height, :width] > 127 for pack in (drawn, fitted))
        rims = (steep[mask & ~erosion(mask, disk(1))] for mask in (before, after))
        was, now = (float(rim.mean()) for rim in rims)
        gains.append(now - was)
    assert min(gains) > 1 and np.mean(gains) > 4


def test_a_share_of_the_masks_fits(data: Path) -> None:
    drawn, some = _packed(data, 384, 0.0), _packed(data, 384, 0.5)
    changed = [bool((some.masks[number] != drawn.masks[number]).any()) for number in range(len(drawn.masks))]
    assert 0 < sum(changed) < len(changed)


def test_masks_fit_alike_in_packs_of_all_sides(data: Path) -> None:
    large, small = _packed(data, 384, 1.0), _packed(data, 96, 1.0)
    reduced = [np.asarray(Image.fromarray(mask).resize((96, 96), Image.Resampling.BOX)) for mask in large.masks]
    assert (abs(np.stack(reduced).astype(int) - small.masks) > 64).mean() < 0.002
