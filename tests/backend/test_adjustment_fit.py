"""Adjustments that are found again in what they did, shading, and haze."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raiha.backend.network.colour_transform import IDENTITY
from raiha.backend.pipeline.adjustment import MOST_SHADING, Adjustment, adjusted
from raiha.backend.pipeline.adjustment_fit import adjustment_of, fit_adjustment, shading_over
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.crops import Crop
from raiha.backend.pipeline.haze import CLEAR, Veil, veil_of
from raiha.backend.pipeline.shading import shading_of
from raiha.gallery_tools.errors import RaihaError

SIDE = 64


def crop(seed: int = 0, *, haze: float = 0.0) -> Crop:
    """Return a disc in a picture of many colours, under as much haze as wanted."""
    random = np.random.default_rng(seed)
    picture = (random.random((SIDE, SIDE, 1)) * random.uniform(0.6, 1, (SIDE, SIDE, 3))).astype(np.float32)
    picture = (1 - haze) * picture + haze * np.array([0.7, 0.75, 0.8], np.float32)
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = ((x - 32) ** 2 + (y - 32) ** 2 < 20**2).astype(np.float32)
    return Crop(picture, mask, Window(0, 0, SIDE, SIDE))


def transforms(*gains: float, size: int = 4) -> np.ndarray:
    """(15, size, size) that multiply red, green and blue."""
    coefficients = np.array(IDENTITY, np.float32)
    coefficients[[0, 6, 12]] = gains
    return np.tile(coefficients[:, None, None], (1, size, size))


@settings(max_examples=25)
@given(
    st.fixed_dictionaries(
        {
            "exposure": st.floats(-2, 1.5),
            "temperature": st.floats(-1, 1),
            "tint": st.floats(-0.6, 0.6),
            "contrast": st.floats(-30, 60),
            "brightness": st.floats(-25, 25),
            "saturation": st.floats(-60, 50),
        }
    )
)
def test_a_fit_repeats_what_an_adjustment_did(numbers: dict[str, float]) -> None:
    before = np.random.default_rng(0).random((3, 400))
    made = Adjustment(**numbers)
    found = fit_adjustment(before, adjusted(before, made), np.ones(400))
    assert np.abs(adjusted(before, found) - adjusted(before, made)).mean() < 2.5 / 255
    assert found.temperature == pytest.approx(made.temperature, abs=0.25)
    assert found.tint == pytest.approx(made.tint, abs=0.25)


def test_a_fit_finds_the_numbers_of_a_mild_adjustment() -> None:
    before = np.random.default_rng(0).random((3, 400))
    made = Adjustment(exposure=-0.5, temperature=0.4, tint=-0.2, contrast=20.0, saturation=-15.0)
    found = fit_adjustment(before, adjusted(before, made), np.ones(400)).numbers
    for name, value in made.numbers.items():
        assert found[name] == pytest.approx(value, abs=0.06 if name in ("exposure", "temperature", "tint") else 6)


def test_where_nothing_changes_nothing_is_found() -> None:
    before = np.random.default_rng(0).random((3, 400))
    assert max(map(abs, fit_adjustment(before, before, np.ones(400)).numbers.values())) < 1e-3
    assert adjustment_of(transforms(1, 1, 1), crop()).shading is None


def test_pixels_count_by_their_weights() -> None:
    before = np.random.default_rng(0).random((3, 400))
    after, weights = before.copy(), np.ones(400)
    after[:, :200], weights[:200] = 0.0, 0.0
    assert abs(fit_adjustment(before, after, weights).exposure) < 1e-3


def test_shading_is_taken_as_given() -> None:
    before, shading = np.random.default_rng(0).random((3, 400)), np.linspace(-1, 1, 400)
    after = adjusted(before, Adjustment(exposure=-0.7), shading)
    assert fit_adjustment(before, after, np.ones(400), shading).exposure == pytest.approx(-0.7, abs=0.05)


def test_a_veil_is_found_where_the_scene_has_one_and_nowhere_else() -> None:
    before, haze = np.random.default_rng(0).random((3, 400)), (0.7, 0.75, 0.8)
    after = adjusted(before, Adjustment(veil=30.0, veil_colour=haze))
    found = fit_adjustment(before, after, np.ones(400), 0.0, Veil(60.0, haze))
    assert found.veil == pytest.approx(30, abs=3)
    assert fit_adjustment(before, after, np.ones(400), 0.0, Veil(20.0, haze)).veil <= 20 + 1e-9
    assert fit_adjustment(before, after, np.ones(400)).veil == 0


def test_haze_is_what_the_darkest_surroundings_show() -> None:
    assert veil_of(crop()) == CLEAR
    found = veil_of(crop(haze=0.5))
    assert 20 < found.most <= 80
    red, green, blue = found.colour
    assert red < green < blue
    alone = crop(haze=0.5)
    assert veil_of(Crop(alone.composite, np.ones_like(alone.mask), alone.window)) == CLEAR


def test_the_object_s_own_pixels_decide() -> None:
    coefficients = transforms(2, 2, 2, size=SIDE)
    pasted = crop()
    inside = pasted.mask > 0
    coefficients[:, inside] = transforms(0.6, 0.6, 0.6, size=SIDE)[:, inside]
    found = adjustment_of(coefficients, pasted)
    before = np.ascontiguousarray(pasted.composite.transpose(2, 0, 1))
    shading = 0.0 if found.shading is None else shading_over(found.shading, (SIDE, SIDE))
    after = adjusted(before, found, shading)
    assert np.abs(after - 0.6 * before)[:, pasted.mask > 0].mean() < 0.02


def test_an_answer_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(RaihaError) as caught:
        adjustment_of(transforms(float("nan"), 1, 1), crop())
    assert caught.value.code == "bad-coefficients"


def test_shading_is_the_light_s_difference_from_its_mean() -> None:
    coefficients = transforms(1, 1, 1, size=8)
    coefficients[:, :, 4:] = transforms(0.7, 0.7, 0.7, size=8)[:, :, 4:]
    shading = shading_of(coefficients, np.full(3, 0.5), np.ones((SIDE, SIDE), np.float32))
    assert shading is not None
    assert shading.mean() == pytest.approx(0, abs=1e-6)
    assert (shading[:, :3] > 0.3).all() and (shading[:, 5:] < -0.3).all()


def test_even_light_has_no_shading_and_wild_light_a_bounded_one() -> None:
    mask, mean = np.ones((SIDE, SIDE), np.float32), np.full(3, 0.5)
    assert shading_of(transforms(0.5, 0.7, 0.9), mean, mask) is None
    coefficients = transforms(1, 1, 1, size=8)
    coefficients[:, :, 4:] = 0
    shading = shading_of(coefficients, mean, mask)
    assert shading is not None and np.abs(shading).max() == pytest.approx(MOST_SHADING)


def test_the_background_shades_no_object() -> None:
    coefficients = transforms(0.1, 0.1, 0.1, size=8)
    coefficients[:, 2:6, 2:6] = transforms(1, 1, 1, size=4)
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[16:48, 16:48] = 1
    assert shading_of(coefficients, np.full(3, 0.5), mask) is None
