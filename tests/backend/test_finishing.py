"""Clean edge, grain and sharpness on small pictures whose answers are given."""

from __future__ import annotations

from dataclasses import replace

import icc
import numpy as np
import pytest

from raiha.backend.finishing import gaussian, noise
from raiha.backend.finishing.finish import Finish, Finishing
from raiha.backend.finishing.finishing import finished
from raiha.backend.finishing.grain import Grain
from raiha.backend.finishing.measuring import measure
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest

SIDE = 320


def white_noise(deviation: float, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, deviation, shape).astype(np.float32)


def disk(radius: float, side: int = SIDE) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (np.hypot(x, y) < radius).astype(np.float32)


def as_layer(colours: np.ndarray, opacity: np.ndarray, dtype: str = "uint8") -> np.ndarray:
    layer = np.dstack([np.broadcast_to(colours, (*opacity.shape, 3)), opacity]).astype(np.float32)
    return layer if dtype == "float32" else np.rint(layer * np.iinfo(dtype).max).astype(dtype)


def fringed(dtype: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    """Return a blue disk with a white fringe of two pixels, and where it is wholly blue."""
    own = gaussian.blurred(disk(98), 0.7)[..., None]
    return as_layer(own * [0.2, 0.3, 0.8] + (1 - own) * [1, 1, 1], disk(100), dtype), disk(96) > 0


def clean(layer: np.ndarray, mask: np.ndarray | None = None, profile: bytes | None = None) -> np.ndarray:
    request = HarmonizeRequest(layer, layer, mask=mask, profile=profile)
    return finished(request, layer.copy(), Finish(clean_edge=True))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("profile", [None, icc.profile("p3", icc.SRGB_CURVE)])
def test_a_clean_edge_has_the_objects_own_colour(dtype, profile):
    layer, inside = fringed(dtype)
    result = clean(layer, profile=profile)
    scale = np.iinfo(dtype).max if dtype != "float32" else 1
    opaque = layer[..., 3] > 0
    error = np.abs(result[opaque][:, :3] / scale - [0.2, 0.3, 0.8]).mean()
    assert error < 0.3 * np.abs(layer[opaque][:, :3] / scale - [0.2, 0.3, 0.8]).mean()
    assert (result[inside] == layer[inside]).all()
    assert (result[~opaque] == layer[~opaque]).all()
    assert (result[..., 3] == layer[..., 3]).all()


def test_an_edge_of_a_finished_composite_is_cleaned_towards_its_mask():
    layer, _ = fringed()
    mask = layer[..., 3].copy()
    background = np.array([100, 90, 80])
    composite = np.where(mask[..., None] > 0, layer[..., :3], background).astype(np.uint8)
    result = clean(composite, mask)
    rim = (mask > 0) & (disk(97) == 0)
    before, after = (np.abs(pixels[rim] - [51, 76.5, 204]).mean() for pixels in (composite, result))
    assert after < 0.3 * before
    assert (result[mask == 0] == composite[mask == 0]).all()


def test_thin_strands_keep_their_colours():
    opacity = np.zeros((SIDE, SIDE), np.float32)
    opacity[40:280, 60:64] = 1
    layer = as_layer(np.array([0.3, 0.2, 0.1]) + white_noise(0.1, (SIDE, SIDE, 1)), opacity)
    assert (clean(layer) == layer).all()


def test_a_result_does_not_depend_on_the_size_of_its_tiles(monkeypatch):
    layer, _ = fringed()
    grain = Grain(np.full((noise.OCTAVES, noise.BINS), 1e-4, np.float32), np.ones((3, 3), np.float32))
    request = HarmonizeRequest(layer, layer)
    finish = Finish(clean_edge=True, blur=1.5, grain=grain)
    whole = finished(request, layer.copy(), finish)
    monkeypatch.setattr("raiha.backend.finishing.finishing.TILE", 64)
    tiled = finished(request, layer.copy(), finish)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def scene_with(object_noise: float, scene_noise: float, dtype: str = "uint8") -> HarmonizeRequest:
    """Return a disk on a gradient, each with white noise of the given deviation."""
    side = 512
    ramp = np.linspace(0.2, 0.8, side, dtype=np.float32)[None, :, None]
    background = as_layer(ramp + white_noise(scene_noise, (side, side, 3)), np.ones((side, side)), dtype)
    layer = as_layer(ramp + white_noise(object_noise, (side, side, 3), seed=1), disk(200, side), dtype)
    return HarmonizeRequest(layer, background, finishing=Finishing(match_grain=True))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_grain_is_as_strong_as_the_scenes_in_each_octave(dtype):
    request = scene_with(0.0, 0.03, dtype)
    finish = measure(request, request.layer, Finish()).finish
    result = finished(request, request.layer.copy(), finish)
    scale = np.iinfo(dtype).max if dtype != "float32" else 1
    added = ((result[..., :3] / scale - request.layer[..., :3] / scale) @ [0.2126, 0.7152, 0.0722])[160:352, 160:352]
    wanted = 0.03**2 * sum(weight**2 for weight in (0.2126, 0.7152, 0.0722)) / 4.0 ** np.arange(noise.OCTAVES)
    ratio = noise.octave_powers(added) / wanted
    assert (ratio > 0.75).all() and (ratio < 1.35).all()
    outside = request.layer[..., 3] == 0
    assert (result[outside] == request.layer[outside]).all()
    assert (finished(request, request.layer.copy(), finish) == result).all()


@pytest.mark.parametrize("levels", [(0.03, 0.03), (0.05, 0.02), (0.0, 0.0)])
def test_no_grain_is_added_where_none_is_missing(levels):
    request = scene_with(*levels)
    grain = measure(request, request.layer, Finish()).finish.grain
    assert grain is None or grain.powers[0].max() < (0.2 * max(levels)) ** 2


def stripes(blur: float) -> np.ndarray:
    """Return (SIDE, SIDE, 3) slanted bars, 40 pixels wide, whose edges have this blur."""
    y, x = np.mgrid[:SIDE, :SIDE]
    bars = 0.3 + 0.4 * (((x + 0.2 * y) // 40) % 2)
    return np.repeat(gaussian.blurred(bars.astype(np.float32), blur)[..., None], 3, 2)


@pytest.mark.parametrize("radius", [3.0, 4.0])
def test_the_radius_that_makes_the_object_as_soft_as_the_scene_is_found(radius):
    background = as_layer(stripes(np.hypot(radius, 0.8)), np.ones((SIDE, SIDE)))
    layer = as_layer(stripes(0.8), disk(100))
    request = HarmonizeRequest(layer, background, finishing=Finishing(match_sharpness=True))
    measured = measure(request, layer, Finish())
    assert measured.finish.blur == pytest.approx(radius, rel=0.25)
    assert f"{measured.finish.blur:.1f} pixels" in measured.notices[0]
    blurred = finished(request, layer.copy(), measured.finish)
    again = measure(replace(request, layer=blurred), blurred, Finish())
    assert again.finish.blur == 0


def test_a_soft_object_is_reported_and_not_sharpened():
    background = as_layer(stripes(0.8), np.ones((SIDE, SIDE)))
    layer = as_layer(stripes(4.0), disk(100))
    request = HarmonizeRequest(layer, background, finishing=Finishing(match_sharpness=True))
    measured = measure(request, layer, Finish())
    assert "softer" in measured.notices[0]
    assert measured.finish.is_nothing


def test_transparent_pixels_lend_a_blurred_object_no_colour():
    layer = as_layer(np.where(disk(100)[..., None] > 0, [0.2, 0.3, 0.8], [1, 0, 0]), disk(100))
    result = finished(HarmonizeRequest(layer, layer), layer.copy(), Finish(blur=3.0))
    assert (result == layer).all()


def test_values_that_are_not_finite_stay():
    layer, _ = fringed("float32")
    layer[160, 160, 0], layer[158, 160, 1] = np.nan, np.inf
    result = finished(HarmonizeRequest(layer, layer), layer.copy(), Finish(clean_edge=True, blur=1.0))
    assert np.isnan(result[160, 160, 0]) and np.isinf(result[158, 160, 1])
    assert np.isfinite(result).sum() == result.size - 2


def test_a_preview_and_a_part_of_it_show_the_finished_object():
    request = replace(scene_with(0.0, 0.03), adjustment=Adjustment())
    pipeline = Pipeline()
    shown = pipeline.preview(request, 4096, lambda *_: None, lambda: False)
    assert shown.finished is not None
    assert (shown.finished[shown.mask == 0] == shown.before[shown.mask == 0]).all()
    assert (shown.finished != shown.before)[shown.mask == 255].mean() > 0.9
    part = replace(request, view=(200, 200, 100, 90), finishing=Finishing(), adjustment=shown.adjustment)
    seen = pipeline.preview(part, 4096, lambda *_: None, lambda: False)
    assert seen.finished is not None
    assert seen.finished.std() == pytest.approx(shown.finished[200:290, 200:300].std(), rel=0.2)


def test_an_adjustment_carries_the_finish():
    grain = Grain(np.full((noise.OCTAVES, noise.BINS), 1e-4, np.float32), np.ones((3, 3), np.float32))
    adjustment = Adjustment(exposure=0.5, finish=Finish(True, 1.25, grain))
    assert Adjustment.of_json(adjustment.as_json()).as_json() == adjustment.as_json()


@pytest.mark.parametrize(
    "entries",
    [{"blur": -1}, {"blur": True}, {"clean_edge": 1}, {"sharpen": 2}, {"grain": {}}, {"grain": {"deviations": [[1]]}}],
)
def test_a_malformed_finish_is_refused(entries):
    with pytest.raises(ValueError, match=r"."):
        Finish.of_json(entries)
