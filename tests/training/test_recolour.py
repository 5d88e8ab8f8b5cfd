"""Recolouring: recipes that do what their names say, whatever the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from raiha.training.samples import recolour as recolouring
from raiha.training.samples.colour_spaces import (
    decode_srgb,
    encode_srgb,
    hue_rotation,
    lab_to_srgb,
    srgb_to_lab,
)
from raiha.training.samples.recolour import (
    Source,
    film_recipe,
    light_unevenly,
    limit_difficulty,
    looks,
    recolour,
    recolour_objects,
    retouch,
    standard_recipes,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "photos"
RECIPES = [recipe for recipe, _ in standard_recipes(None)]


def photos(count: int = 4, side: int = 48) -> torch.Tensor:
    files = sorted(SAMPLES.iterdir())[:count]
    arrays = [np.asarray(Image.open(file).convert("RGB").resize((side, side))) for file in files]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255


def masks(like: torch.Tensor) -> torch.Tensor:
    mask = torch.zeros_like(like[:, :1])
    mask[:, :, 8:40, 8:40] = 1
    return mask


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_lab_and_linear_light_come_back() -> None:
    pictures = photos()
    torch.testing.assert_close(lab_to_srgb(srgb_to_lab(pictures)), pictures, atol=2e-4, rtol=0)
    torch.testing.assert_close(encode_srgb(decode_srgb(pictures)), pictures, atol=2e-5, rtol=0)


def test_a_hue_rotation_keeps_grey_and_comes_round() -> None:
    third = hue_rotation(torch.full((1,), 2 * torch.pi / 3))[0]
    torch.testing.assert_close(third @ torch.ones(3), torch.ones(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(third @ torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0]), atol=1e-5, rtol=0)


def test_colour_transfers_take_on_the_source_s_means() -> None:
    pictures = photos() * 0.6 + 0.2  # room to move without clipping
    source = Source(pictures.roll(1, 0), masks(pictures))
    for recipe in (recolouring.transfer_covariance, recolouring.transfer_histogram, recolouring.transfer_distribution):
        result = recipe(pictures, masks(pictures), source, generator())
        got = result[:, :, 8:40, 8:40].mean((2, 3))
        wanted = source.photos[:, :, 8:40, 8:40].mean((2, 3))
        assert (got - wanted).abs().max() < 0.05, recipe.__name__


def test_covariance_transfer_takes_on_the_source_s_covariance() -> None:
    pictures = photos()
    whole = torch.ones_like(pictures[:, :1])
    result = recolouring.transfer_covariance(pictures, whole, Source(pictures.roll(1, 0), whole), generator())
    for got, wanted in zip(result, pictures.roll(1, 0), strict=True):
        difference = torch.cov(got.flatten(1)) - torch.cov(wanted.flatten(1))
        assert difference.abs().max() < 5e-3


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.__name__)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_photos_and_empty_masks_give_numbers(recipe: recolouring.Recipe, value: float) -> None:
    flat = torch.full((2, 3, 32, 32), value)
    empty = torch.zeros(2, 1, 32, 32)
    assert recolour(flat, empty, Source(photos(2, 32), empty), [(recipe, 1.0)], generator()).isfinite().all()


@pytest.fixture()
def plain_film(tmp_path: Path) -> Path:
    """Return a table of one film look that changes nothing."""
    levels = np.linspace(0, 255, 17)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    table = np.stack([red, green, blue], axis=-1).round().astype(np.uint8)
    np.savez(tmp_path / "tables.npz", luts=table[None])
    return tmp_path / "tables.npz"


def test_looks_are_the_recipes_that_need_no_other_photo(plain_film: Path) -> None:
    assert looks(standard_recipes(None)) == [(retouch, 0.26)]
    recipes = standard_recipes(plain_film)
    assert looks(recipes) == recipes[4:] and len(recipes) == 6


def test_a_film_table_that_changes_nothing_changes_nothing(plain_film: Path) -> None:
    pictures = photos()
    source = Source(pictures, masks(pictures))
    result = film_recipe(plain_film)(pictures, masks(pictures), source, generator())
    torch.testing.assert_close(result, pictures, atol=3e-3, rtol=0)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31))
def test_recoloured_photos_are_photos_that_differ(seed: int) -> None:
    pictures = photos()
    mask = masks(pictures)
    source = Source(pictures.roll(1, 0), torch.ones_like(mask))
    recoloured = recolour_objects(pictures, mask, source, standard_recipes(None), generator(seed))
    assert recoloured.min() >= 0 and recoloured.max() <= 1
    changes = (recoloured - pictures)[..., 8:40, 8:40].abs().mean((1, 2, 3))
    assert (changes > 1e-3).all()


def test_difficulty_follows_the_wanted_spread() -> None:
    pictures = torch.full((4000, 3, 4, 4), 0.1)
    mask = torch.ones(4000, 1, 4, 4)
    limited = limit_difficulty(pictures, pictures + 0.8, mask, generator())
    fmse = (((limited - pictures) * 255) ** 2).mean((1, 2, 3))
    assert 750 < fmse.median() < 920
    assert 1500 < fmse.mean() < 1950
    easy = limit_difficulty(pictures, pictures + 0.8, mask, generator(), easy_share=1.0)
    fmse = (((easy - pictures) * 255) ** 2).mean((1, 2, 3))
    assert fmse.min() > 2.9 and fmse.max() < 201 and 15 < fmse.median() < 40


def test_the_same_seed_gives_the_same_recolouring() -> None:
    pictures = photos()
    arguments = pictures, masks(pictures), Source(pictures.roll(1, 0), masks(pictures)), standard_recipes(None)
    assert torch.equal(recolour_objects(*arguments, generator(3)), recolour_objects(*arguments, generator(3)))


def test_uneven_light_is_brighter_on_one_side_and_as_it_was_in_the_middle() -> None:
    generator, photos = torch.Generator().manual_seed(0), torch.full((32, 3, 33, 33), 0.4)
    lit = light_unevenly(photos, 0.5, generator)
    changed = (lit != photos).flatten(1).any(1)
    assert 8 < changed.sum() < 24
    torch.testing.assert_close(lit[..., 16, 16], photos[..., 16, 16])
    sides = lit[changed][:, 0, 16, 0] * lit[changed][:, 0, 16, -1]
    torch.testing.assert_close(sides, torch.full_like(sides, 0.16))  # as many stops up as down
