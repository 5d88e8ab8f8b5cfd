"""The numbers of an adjustment: their formulas, their limits, and their way through JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiha.backend.pipeline.adjustment import (
    KNEE,
    LIMITS,
    LUMA,
    MOST_SHADING,
    Adjustment,
    adjusted,
    decode,
    encode,
    exposed,
    saturated,
    toned,
)
from raiha.backend.pipeline.colour_difference import LITTLE, mean_difference

RAMP = np.linspace(0, 1, 1001)


def colours(count: int = 500) -> np.ndarray:
    return np.random.default_rng(0).random((3, count))


def test_light_is_srgb_s_and_comes_back() -> None:
    assert decode(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)
    assert np.allclose(encode(decode(RAMP)), RAMP, atol=1e-7)


def test_an_exposure_of_1_doubles_the_light_of_what_stays_below_the_knee() -> None:
    before = colours() * 0.5
    after = adjusted(before, Adjustment(exposure=1.0))
    assert np.allclose(decode(after), 2 * decode(before), atol=1e-9)
    assert 2 * decode(before).max() < KNEE


def test_temperature_and_tint_keep_the_exposure() -> None:
    for adjustment in (Adjustment(temperature=0.6), Adjustment(tint=-0.9), Adjustment(0.0, -1.0, 0.6)):
        red, green, blue = adjustment.gains
        assert red + green + blue == pytest.approx(0)
        assert red - blue == pytest.approx(adjustment.temperature)
        assert (red + blue) / 2 - green == pytest.approx(adjustment.tint)


@pytest.mark.parametrize("stops", [0.3, 1.0, 3.0])
def test_a_gain_rolls_off_smoothly_and_ends_with_white_at_white(stops: float) -> None:
    after = exposed(RAMP, np.exp2(stops))
    assert after[-1] == pytest.approx(1) and (np.diff(after) > 0).all()
    slopes = np.diff(after) / np.diff(RAMP)
    assert slopes.max() <= np.exp2(stops) + 1e-6
    assert np.diff(slopes).max() < 1e-6  # it never gets steeper again


def test_a_tone_curve_keeps_black_and_white_and_rises() -> None:
    for steepness, offset in ((0.4, 0.0), (2.0, 0.5), (1.0, -2.0)):
        curve = toned(RAMP, steepness, offset)
        assert curve[0] == 0 and curve[-1] == 1 and (np.diff(curve) > 0).all()
    assert toned(np.array([0.5]), 1.7, 0.0)[0] == pytest.approx(0.5)


def test_brightness_and_contrast_are_what_their_units_promise() -> None:
    middle = np.full((3, 1), 0.5)
    assert adjusted(middle, Adjustment(brightness=20.0))[0, 0] == pytest.approx(0.6)
    steep = adjusted(np.array([[0.499, 0.501]] * 3), Adjustment(contrast=50.0))[0]
    assert (steep[1] - steep[0]) / 0.002 == pytest.approx(1.5, rel=1e-3)


def test_saturation_stays_in_the_gamut_and_keeps_luminance() -> None:
    before = colours()
    for factor in (0.0, 0.5, 1.4, 2.0):
        after = saturated(before, factor)
        assert after.min() >= -1e-9 and after.max() <= 1 + 1e-9
        assert np.allclose(LUMA @ after, LUMA @ before)
    assert np.ptp(saturated(before, 0.0), axis=0).max() < 1e-9
    assert (np.ptp(saturated(before, 1.5), axis=0) >= np.ptp(before, axis=0) - 1e-12).all()


def test_a_veil_covers_by_its_share() -> None:
    before, haze = colours(), (0.5, 0.6, 0.7)
    after = adjusted(before, Adjustment(veil=25.0, veil_colour=haze))
    assert np.allclose(after, 0.75 * before + 0.25 * np.array(haze)[:, None])


def test_the_identity_changes_nothing_people_could_see() -> None:
    before = colours()
    assert Adjustment().is_identity and not Adjustment(tint=0.01).is_identity
    assert not Adjustment(shading=np.ones((1, 1), np.float32)).is_identity
    assert np.allclose(adjusted(before, Adjustment()), before, atol=1e-6)


def test_change_is_measured_in_the_object_alone() -> None:
    before = np.full((20, 20, 3), 0.5, np.float32)
    after, mask = before.copy(), np.zeros((20, 20), np.float32)
    after[:10], mask[:10] = 0.8, 1
    change = mean_difference(before, after, mask)
    assert change > 10 * LITTLE
    assert mean_difference(before, after, 1 - mask) == 0
    assert mean_difference(before, after, np.ones_like(mask)) == pytest.approx(change / 2)


numbers = st.fixed_dictionaries({name: st.floats(*limits) for name, limits in LIMITS.items()})


@given(numbers, st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_what_json_carries_is_the_adjustment(values: dict[str, float], colour: list[float]) -> None:
    shading = np.array([[0.25, -1.5], [0.5, 0.125]], np.float32)
    adjustment = Adjustment(**values, veil_colour=(colour[0], colour[1], colour[2]), shading=shading)
    entries = json.loads(json.dumps(adjustment.as_json()))
    back = Adjustment.of_json(entries)
    assert back.shading is not None and np.array_equal(back.shading, shading)
    for name, value in adjustment.numbers.items():
        assert getattr(back, name) == pytest.approx(value, abs=6e-4)
    assert back.veil_colour == pytest.approx(adjustment.veil_colour, abs=6e-5)
    assert back.as_json() == entries


def test_numbers_beyond_their_limits_are_held_there() -> None:
    assert Adjustment().changed({"exposure": 99.0, "veil": -3.0}).numbers == {**Adjustment().numbers, "exposure": 5.0}
    held = Adjustment.of_json({"contrast": 1e6, "shading": [[9, -9]]})
    assert held.contrast == LIMITS["contrast"][1]
    assert held.shading is not None and held.shading.tolist() == [[MOST_SHADING, -MOST_SHADING]]


@pytest.mark.parametrize(
    "entries",
    [
        {"gamma": 1.0},
        {"exposure": "1"},
        {"exposure": None},
        {"exposure": True},
        {"exposure": float("nan")},
        {"exposure": [1]},
        {"exposure": 10**400},
        {"veil_colour": [0.5]},
        {"veil_colour": [0.5, 0.5, float("inf")]},
        {"veil_colour": "gray"},
        {"shading": [[0.1, 0.2], [0.3]]},
        {"shading": [0.1]},
        {"shading": [[float("nan")]]},
        {"shading": [["a"]]},
        {"shading": 3},
    ],
)
def test_what_is_no_adjustment_is_refused(entries: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Adjustment.of_json(entries)
