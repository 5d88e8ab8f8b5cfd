"""What happened to an object: black lift, clipping, chroma, contrast and colour difference; the artist's distance."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from drawn_pairs import ball_pair
from numpy.typing import NDArray
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from raiha.backend.evaluation import find_pairs
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult
from raiha.gallery_tools.errors import RaihaError
from raiha.training.evaluation.artist_distance import artist_distance, measure_distances
from raiha.training.evaluation.object_changes import measure_changes

WHOLE = np.ones((40, 40), bool)


def picture(lightness: NDArray[np.float64], a: float = 0.0, b: float = 0.0) -> NDArray[np.uint8]:
    """Return an sRGB picture of these L* (40, 40) with one a* and b*."""
    lab = np.stack([lightness, np.full_like(lightness, a), np.full_like(lightness, b)], 2)
    return np.rint(lab2rgb(lab) * 255).astype(np.uint8)


RAMP = np.linspace(20, 80, 1600).reshape(40, 40)


def test_an_object_that_is_as_before_has_not_changed() -> None:
    pair = ball_pair(60, 60)
    changes = measure_changes(pair.composite, pair.composite, pair.mask)
    assert (changes.black_lift, changes.clipping_growth, changes.colour_difference) == (0, 0, 0)
    assert (changes.chroma_ratio, changes.contrast_ratio) == (1, 1)


def test_lifted_blacks_and_lost_contrast_are_measured_in_lightness() -> None:
    hazy = picture(30 + RAMP / 2)
    changes = measure_changes(picture(RAMP), hazy, WHOLE)
    darkest = 20 + 0.02 * 60
    assert changes.black_lift == pytest.approx(30 - darkest / 2, abs=0.5)
    assert changes.contrast_ratio == pytest.approx(0.5, abs=0.01)


def test_chroma_is_a_ratio_and_grey_has_none() -> None:
    pale, rich = picture(RAMP, 8, 6), picture(RAMP, 16, 12)
    assert measure_changes(pale, rich, WHOLE).chroma_ratio == pytest.approx(2, rel=0.03)
    black = np.zeros((40, 40, 3), np.uint8)
    assert math.isinf(measure_changes(black, rich, WHOLE).contrast_ratio)


def test_clipping_counts_pixels_of_the_object_with_any_channel_at_an_end() -> None:
    before = np.full((10, 10, 3), 128, np.uint8)
    after, mask = before.copy(), np.zeros((10, 10), bool)
    mask[:5] = True
    after[0, :4, 0], after[1, :1] = 255, 0
    after[9] = 255  # outside the object
    assert measure_changes(before, after, mask).clipping_growth == pytest.approx(5 / 50)
    assert measure_changes(after, before, mask).clipping_growth == pytest.approx(-5 / 50)


def test_colour_difference_is_ciede2000() -> None:
    # Of two greys, CIEDE2000 is the difference in L* divided by S_L (Luo, Cui and Rigg 2001).
    before, after = picture(np.full((40, 40), 50.0)), picture(np.full((40, 40), 60.0))
    lightness = [float(rgb2lab(grey)[0, 0, 0]) for grey in (before, after)]
    off = (sum(lightness) / 2 - 50) ** 2
    expected = (lightness[1] - lightness[0]) / (1 + 0.015 * off / math.sqrt(20 + off))
    assert measure_changes(before, after, WHOLE).colour_difference == pytest.approx(expected, abs=0.05)


def test_the_artists_distance_is_that_of_shifted_colours() -> None:
    artist = picture(RAMP, 10, 10)
    assert artist_distance(artist, artist, WHOLE) == 0
    shifted = picture(RAMP - 4, 13, 10)
    assert artist_distance(shifted, artist, WHOLE) == pytest.approx(5, abs=0.2)


def test_neither_place_nor_edge_counts() -> None:
    artist = picture(RAMP, 10, 10)
    moved, edge_painted = artist[::-1, ::-1], artist.copy()
    assert artist_distance(moved, artist, WHOLE) < 0.05
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    edge_painted[10:12, 10:30] = 255
    edge_painted[:10] = 0
    assert artist_distance(edge_painted, artist, mask) == 0


def test_an_object_of_four_pixels_has_no_distance() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:14, 10:30] = True
    with pytest.raises(RaihaError, match="Nothing is left"):
        artist_distance(picture(RAMP), picture(RAMP), mask)


def test_results_are_measured_beside_composites(tmp_path: Path) -> None:
    pair = ball_pair(60, 60)
    for folder, pixels in (("composite_images", pair.composite), ("real_images", pair.real), ("masks", pair.mask)):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).convert("L" if folder == "masks" else "RGB").save(tmp_path / folder / "ball.png")

    def brighten(request: HarmonizeRequest) -> HarmonizeResult:
        return HarmonizeResult(np.clip(request.layer * 1.33, 0, 255).astype(np.uint8), Adjustment(), 0.0, ())

    composite, result = measure_distances(find_pairs(tmp_path)[0], brighten)
    assert composite == artist_distance(pair.composite, pair.real, pair.mask) > 10
    assert result < 1
