from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tiny_extractor import SAMPLES

from raiha.gallery_tools.appearance import BINS, HUE_BINS, SATURATION_BINS, hsv_histograms
from raiha.gallery_tools.photos import load_photo


def reference_histogram(patch: np.ndarray) -> list[float]:
    """Return the same, one pixel after another, with Python's own HSV and no table."""
    histogram = [0.0] * BINS
    for red, green, blue in patch.reshape(-1, 3) / 255:
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        parts = (
            (hue * HUE_BINS, 2 * saturation * value, 0, HUE_BINS, True),
            (saturation * (SATURATION_BINS - 1), value, HUE_BINS, SATURATION_BINS, False),
            (value * 7, 1.0, HUE_BINS + SATURATION_BINS, 8, False),
        )
        for place, weight, first, bins, circular in parts:
            low = math.floor(place)
            share = place - low
            histogram[first + (low % bins if circular else min(low, bins - 1))] += weight * (1 - share)
            histogram[first + ((low + 1) % bins if circular else min(low + 1, bins - 1))] += weight * share
    length = math.sqrt(sum(number * number for number in histogram))
    return [number / length for number in histogram]


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("rcb,rcb->rc", one, other)


def test_agrees_with_a_slow_reference():
    photo = load_photo(SAMPLES[1], 80)[:48, :64]
    histograms = hsv_histograms(photo, (3, 4))
    for row in range(3):
        for column in range(4):
            patch = photo[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
            # Pillow rounds hue and saturation down to 256 levels.
            np.testing.assert_allclose(histograms[row, column], reference_histogram(patch), atol=0.02)


@pytest.mark.parametrize("photo", SAMPLES[::9], ids=lambda path: path.stem)
def test_noise_of_one_grey_level_changes_next_to_nothing(photo):
    pixels = load_photo(photo, 320)
    grid = (pixels.shape[0] // 16, pixels.shape[1] // 16)
    noise = np.random.default_rng(0).integers(-1, 2, pixels.shape)
    noisy = (pixels + noise).clip(0, 255).astype(np.uint8)
    assert cosines(hsv_histograms(pixels, grid), hsv_histograms(noisy, grid)).min() > 0.99


def test_other_light_is_told_apart():
    pixels = load_photo(SAMPLES[1], 320)
    grid = (pixels.shape[0] // 16, pixels.shape[1] // 16)
    linear = (pixels / 255) ** 2.2
    one_stop_darker = (255 * (linear / 2) ** (1 / 2.2)).astype(np.uint8)
    agree = cosines(hsv_histograms(pixels, grid), hsv_histograms(one_stop_darker, grid)) >= 0.9
    assert agree.mean() < 0.5


def test_grey_pixels_do_not_vote_for_a_hue():
    grey = np.full((16, 16, 3), 128, np.uint8)
    tinted = grey + np.array([1, 0, 0], np.uint8)
    assert not hsv_histograms(grey, (1, 1))[..., :HUE_BINS].any()
    assert cosines(hsv_histograms(grey, (1, 1)), hsv_histograms(tinted, (1, 1)))[0, 0] > 0.995


@settings(max_examples=50)
@given(
    photo=hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
    grid=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_every_patch_of_any_photo_has_unit_length(photo, grid):
    histograms = hsv_histograms(photo, grid)
    assert histograms.shape == (*grid, BINS)
    assert histograms.dtype == np.float32
    assert (histograms >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(histograms, axis=-1), 1, rtol=1e-5)
