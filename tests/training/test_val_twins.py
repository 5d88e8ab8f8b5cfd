"""Val grades and val twins: what moods do to a photo, which photos have one, and the twins that are written."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from raiha.backend.evaluation import find_pairs, read_pair
from raiha.training.evaluation import val_twins
from raiha.training.evaluation.val_grades import (
    GRADES,
    as_good_photo,
    grade,
    has_mood,
    mildly_retouched,
    night,
    underwater,
)
from raiha.training.evaluation.val_twins import film_grade, graded_twin, mirrored_twin, pasteable
from raiha.training.samples.colour_spaces import decode_srgb


def photo_of(colour: tuple[float, float, float], spread: float = 0.15) -> Tensor:
    """Return a textured photo (1, 3, 96, 128) around a colour; texture is neutral, so photos around grey are."""
    texture = torch.rand(1, 1, 96, 128, generator=torch.Generator().manual_seed(0)) - 0.5
    return (torch.tensor(colour).view(1, 3, 1, 1) + spread * texture).clamp(0, 1)


def ball() -> Tensor:
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    return ((y - 48) ** 2 + (x - 64) ** 2 < 30**2).float()[None, None]


GREY = photo_of((0.5, 0.5, 0.5), spread=0.6)
DARK = photo_of((0.2, 0.2, 0.2))
BLUE = photo_of((0.25, 0.5, 0.75))


@pytest.mark.parametrize("name", GRADES)
def test_every_mood_changes_a_photo_and_is_the_same_again(name: str) -> None:
    graded = grade(GREY, GRADES[name], np.random.default_rng(3))
    assert graded.shape == GREY.shape and graded.min() >= 0 and graded.max() <= 1
    assert (graded - GREY).abs().mean() > 0.01
    assert torch.equal(graded, grade(GREY, GRADES[name], np.random.default_rng(3)))
    assert not torch.equal(graded, grade(GREY, GRADES[name], np.random.default_rng(4)))


def test_night_is_up_to_three_stops_darker_and_water_takes_the_red() -> None:
    for seed in range(12):
        light = decode_srgb(night(GREY, np.random.default_rng(seed)))
        darker = float((decode_srgb(GREY).mean() / light.mean()).log2())
        assert 1 < darker < 3.5
        wet = decode_srgb(underwater(GREY, np.random.default_rng(seed))).mean((0, 2, 3))
        assert wet[0] < 0.75 * wet[1]


def test_a_mild_retouch_stays_close() -> None:
    for seed in range(12):
        retouched = mildly_retouched(GREY, np.random.default_rng(seed))
        assert 0.001 < (retouched - GREY).abs().mean() < 0.1


def test_dark_photos_and_those_in_coloured_light_have_a_mood() -> None:
    assert has_mood(DARK) and has_mood(BLUE)
    assert not has_mood(GREY)
    half_blue = torch.cat([BLUE[..., :64], GREY[..., 64:]], dim=3)
    assert not has_mood(half_blue), "half of it is neutral"


def test_a_good_photo_is_brighter_than_a_dark_one_and_more_neutral_than_a_blue_one() -> None:
    numbers = np.random.default_rng(0)
    stops = (decode_srgb(as_good_photo(DARK, numbers)).mean() / decode_srgb(DARK).mean()).log2()
    assert 1 < stops <= 2.5
    red, _, blue = as_good_photo(BLUE, numbers).mean((0, 2, 3))
    assert 0 < blue - red < 0.35 < 0.5


def test_the_answer_is_the_graded_photo_and_the_object_comes_from_the_good_one() -> None:
    twin = graded_twin(GREY, ball(), night, np.random.default_rng(0))
    assert twin is not None
    inside, outside = twin.mask == 255, twin.mask == 0
    assert twin.real[outside].mean() < 90 and twin.real[inside].mean() < 90
    assert twin.composite[inside].mean() == pytest.approx(127, abs=20)
    assert np.array_equal(twin.composite[outside], twin.real[outside])


def test_the_answer_of_the_mirror_is_the_photo_as_it_is() -> None:
    twin = mirrored_twin(DARK, ball(), np.random.default_rng(0))
    assert twin is not None
    inside, untouched = twin.mask == 255, (twin.mask == 255) | (ball()[0, 0].numpy() == 0)
    assert twin.composite[inside].mean() > twin.real[inside].mean() + 25
    difference = np.abs(twin.real.astype(int) - (DARK[0].permute(1, 2, 0).numpy() * 255))
    assert difference[untouched].mean() < 5


def test_specks_scenes_and_what_leaves_the_photo_on_three_sides_are_not_pasted() -> None:
    assert pasteable(ball())
    assert not pasteable(torch.ones(1, 1, 96, 128))
    assert not pasteable((torch.arange(96 * 128).view(1, 1, 96, 128) < 100).float())
    assert not pasteable((torch.arange(96).view(1, 1, 96, 1) > 60).float().expand(1, 1, 96, 128)), "a road"


def test_a_film_table_is_a_grade(tmp_path: Path) -> None:
    levels = np.arange(17, dtype=np.uint8) * 15
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    np.savez(tmp_path / "films.npz", np.stack([red, green // 2, blue], 3)[None])
    film = film_grade(tmp_path / "films.npz")(GREY, np.random.default_rng(0))
    assert torch.allclose(film[:, 1], GREY[:, 1] / 2 * 240 / 255, atol=0.01)
    assert torch.allclose(film[:, 0], GREY[:, 0] * 240 / 255, atol=0.01)


def test_the_command_writes_twins_that_can_be_measured(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["val_twins", str(packed / "pack_96"), str(tmp_path), "--count", "8"])
    val_twins.main()
    twins = find_pairs(tmp_path)
    assert {twin.subset for twin in twins} == {"graded", "recoloured"}
    for twin in twins:
        pixels = read_pair(twin)
        assert pixels.composite.shape == pixels.real.shape
        assert not np.array_equal(pixels.composite[pixels.mask], pixels.real[pixels.mask])
    moods = {twin.composite.stem.rsplit("-", 1)[1] for twin in twins if twin.subset == "graded"}
    assert moods <= {*(name.split("-")[-1] for name in GRADES), "mood"} and moods
