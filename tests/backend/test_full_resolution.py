"""An adjustment applied to layers of every depth and profile: what changes, by how much, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import icc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raiha.backend.colour.gray import gray_to_rgb, rgb_to_gray
from raiha.backend.pipeline import full_resolution
from raiha.backend.pipeline.adjustment import LIMITS, MOST_SHADING, Adjustment, adjusted
from raiha.backend.pipeline.bounds import Window, object_bounds
from raiha.backend.pipeline.crops import window_around
from raiha.backend.pipeline.full_resolution import apply
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest
from raiha.backend.pipeline.shading import interpolation_weights
from raiha.gallery_tools.errors import RaihaError

DTYPES = ["uint8", "uint16", "float16", "float32"]
SIZES = st.one_of(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.sampled_from([(1, 1), (40, 3000), (211, 123)]))
PROFILES = [None, icc.profile("adobe", icc.gamma(2.2), 2), icc.profile("srgb", icc.linear()), icc.table_profile(2.2)]

DARKER = Adjustment(exposure=-1.0)
WILD = Adjustment(0.7, 0.5, -0.3, 40.0, -20.0, 30.0, shading=np.array([[-0.5, 0.4], [0.2, 0.6]], np.float32))
VEILED = Adjustment(-0.4, veil=30.0, veil_colour=(0.6, 0.7, 0.8))
ADJUSTMENTS = {"darker": DARKER, "wild": WILD, "veiled": VEILED, "pale": Adjustment(contrast=-40.0, saturation=-50.0)}
STEPS = {"uint8": 1 / 255, "uint16": 1 / 65535, "float16": 2e-3, "float32": 2e-5}


def pixels(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).random(shape)
    return (values * white(dtype)).astype(dtype)


def opaque(size: tuple[int, int], dtype: str, seed: int = 0) -> np.ndarray:
    layer = pixels((*size, 4), dtype, seed)
    layer[..., 3] = white(dtype)
    return layer


def white(dtype: str) -> float:
    return float(np.iinfo(dtype).max) if dtype.startswith("u") else 1.0


def run(request: HarmonizeRequest, adjustment: Adjustment) -> Any:
    window = window_around(request, object_bounds(request), 1.5)
    return apply(request, adjustment, window, lambda stage, fraction: None, lambda: False)


def exact(layer: np.ndarray, adjustment: Adjustment) -> np.ndarray:
    """Return the colours of a layer (H, W, 4) after the exact formulas, 1 is white; its shading spans the layer."""
    height, width = layer.shape[:2]
    stops: Any = 0.0
    if adjustment.shading is not None:
        rows, columns = adjustment.shading.shape
        down = interpolation_weights(0, height, 0, height, rows).astype(np.float64)
        stops = down @ adjustment.shading @ interpolation_weights(0, width, 0, width, columns).T
    colours = layer[..., :3].transpose(2, 0, 1) / np.float64(white(layer.dtype.name))
    return adjusted(colours, adjustment, stops).transpose(1, 2, 0)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@settings(max_examples=40)
@given(SIZES, st.sampled_from(DTYPES), st.tuples(st.integers(-30, 30), st.integers(-30, 30)), st.sampled_from(PROFILES))
def test_what_is_not_the_object_comes_back_bit_for_bit(
    size: tuple[int, int], dtype: str, offset: tuple[int, int], profile: bytes | None
) -> None:
    layer = pixels((*size, 4), dtype)
    layer[..., 3] *= pixels(size, dtype, 1) > white(dtype) / 2
    mask = pixels(size, "uint8", 2) * (pixels(size, "uint8", 3) > 100).astype(np.uint8)
    request = HarmonizeRequest(layer, pixels((50, 60, 3), dtype), mask, offset, profile)
    try:
        result = run(request, WILD)
    except RaihaError as error:
        assert error.code in ("empty-mask", "off-canvas")
        return
    outside = (mask == 0) | (layer[..., 3] == 0)
    assert same_bits(result[outside], layer[outside])
    assert same_bits(result[..., 3], layer[..., 3])
    assert result.shape == layer.shape
    assert result.dtype == layer.dtype


@pytest.mark.parametrize("profile", PROFILES, ids=["srgb", "adobe", "linear", "table"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_identity_and_strength_0_change_no_bit(dtype: str, profile: bytes | None) -> None:
    layer = pixels((123, 77, 4), dtype)
    request = HarmonizeRequest(layer, pixels((90, 90, 4), dtype), offset=(-5, 9), profile=profile)
    assert same_bits(run(request, Adjustment()), layer)
    assert same_bits(run(replace(request, strength=0.0), WILD), layer)
    assert not same_bits(run(request, WILD), layer)


@pytest.mark.parametrize("name", ADJUSTMENTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_pixels_are_those_of_the_exact_formulas(dtype: str, name: str) -> None:
    layer = opaque((60, 80), dtype)
    if dtype == "float32":  # next to black and white, curves of low contrast are steep between two 16-bit values
        layer[..., :3] = layer[..., :3].clip(0.01, 0.99)
    window = Window(0, 0, 80, 60)
    request = HarmonizeRequest(layer, layer)
    result = apply(request, ADJUSTMENTS[name], window, lambda stage, fraction: None, lambda: False)
    wanted = exact(layer, ADJUSTMENTS[name])
    error = np.abs(result[..., :3] / white(dtype) - wanted) / STEPS[dtype]
    # Between two tables of shading, curves of 16 bits and more are off by up to a tenth of an 8-bit step.
    most = 0.1 / 255 / STEPS[dtype] if name == "wild" and dtype != "uint8" else 0.0
    assert error.max() <= 1 + most


@settings(max_examples=60)
@given(
    st.fixed_dictionaries({name: st.floats(*limits) for name, limits in LIMITS.items() if name != "veil"}),
    st.sampled_from(["uint8", "uint16"]),
    st.floats(0.1, 1.5),
    st.sampled_from(PROFILES[:3]),
    st.sampled_from([None, "colour", "luminance"]),
)
def test_clipping_never_grows(
    numbers: dict[str, float], dtype: str, strength: float, profile: bytes | None, only: Any
) -> None:
    layer = opaque((16, 16), dtype)
    layer[0, :3, :3], layer[1, :3, :3] = 0, white(dtype)
    adjustment = replace(WILD, **numbers)
    result = run(HarmonizeRequest(layer, layer, strength=strength, profile=profile, only=only), adjustment)
    for end in (0, white(dtype)):
        assert not ((result == end) & (layer != end)).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_black_stays_black_and_white_white_unless_it_is_darkened(dtype: str) -> None:
    layer = opaque((4, 4), dtype)
    layer[:2, :, :3], layer[2:, :, :3] = 0, white(dtype)
    brighter = run(HarmonizeRequest(layer, layer), Adjustment(exposure=2.0, brightness=50.0, contrast=-40.0))
    assert same_bits(brighter, layer)
    assert same_bits(run(HarmonizeRequest(layer, layer), DARKER)[:2], layer[:2])
    assert (run(HarmonizeRequest(layer, layer), VEILED)[:2, :, :3] > 0.1 * white(dtype)).all()


@pytest.mark.parametrize("only", [None, "colour", "luminance"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_strength_is_a_mix_of_before_and_after(dtype: str, only: Any) -> None:
    layer = opaque((60, 80), dtype)

    def at(strength: float) -> np.ndarray:
        return run(HarmonizeRequest(layer, layer, strength=strength, only=only), WILD).astype(np.float64)

    rounding = 2.01 if dtype == "uint8" else 1e-5  # 8 bits: results are rounded, and kept off 0 and 255
    for strength in (0.25, 0.6, 1.5):
        mixed = layer + strength * (at(1.0) - layer)
        if dtype == "uint8":
            mixed = mixed.clip(0, 255)
        assert np.abs(mixed - at(strength)).max() <= rounding


def test_only_colour_keeps_luminance_and_only_luminance_keeps_colour() -> None:
    layer = pixels((60, 80, 4), "float32")
    weights = np.array([0.2126, 0.7152, 0.0722])

    def changed(only: Any) -> np.ndarray:
        return (run(HarmonizeRequest(layer, layer, only=only), WILD) - layer)[..., :3]

    colour, luminance = changed("colour"), changed("luminance")
    assert np.abs(colour @ weights).max() < 1e-5
    assert np.ptp(luminance, axis=2).max() < 1e-5
    assert np.allclose(colour + luminance, changed(None), atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("profile", PROFILES, ids=["srgb", "adobe", "linear", "table"])
def test_a_gradient_keeps_its_depth(dtype: str, profile: bytes | None) -> None:
    ramp = np.linspace(0.25, 0.75, 20000) * white(dtype)
    layer = np.broadcast_to(ramp[None, :, None], (2, 20000, 4)).astype(dtype)
    layer[..., 3] = white(dtype)
    result = run(HarmonizeRequest(layer, layer, profile=profile), Adjustment(exposure=-0.2, contrast=10.0))
    levels = len(np.unique(result[0, :, 0]))
    assert levels > 0.9 * len(np.unique(layer[0, :, 0]))
    assert (np.diff(result[0, :, 0].astype(np.float64)) >= 0).all()


def test_bright_dark_and_broken_floats_survive() -> None:
    layer = np.full((8, 8, 4), 0.5, dtype=np.float32)
    layer[0, 0, :3], layer[0, 1, :3] = 12.0, -0.25
    layer[1, 0, 0], layer[1, 1, 1], layer[1, 2, :3] = np.nan, np.inf, -0.0
    result = run(HarmonizeRequest(layer, layer), DARKER)
    half = 1.055 * 0.5 ** (1 / 2.4) - 0.055  # what white becomes
    assert np.allclose(result[0, 0, :3], 12 * half, atol=1e-3)
    assert np.allclose(result[0, 1, :3], -0.25 * half, atol=1e-4)
    assert same_bits(result[1, :2], layer[1, :2])
    assert np.isfinite(result[1, 2:]).all()


def test_floats_beyond_white_are_neither_lost_nor_turned_round() -> None:
    ramp = np.linspace(0.9, 12, 500, dtype=np.float32)
    layer = np.ones((1, 500, 4), np.float32)
    layer[..., :3] = ramp[None, :, None]
    for adjustment in (Adjustment(exposure=1.5, contrast=60.0), Adjustment(contrast=-60.0), DARKER, WILD):
        result = run(HarmonizeRequest(layer, layer), replace(adjustment, shading=None))[0, :, 1]
        assert (np.diff(result) > 0).all()
        assert 4 < result[-1] <= 12.1


def test_a_change_in_another_space_is_the_change_in_srgb() -> None:
    layer = (0.3 + 0.3 * pixels((50, 50, 4), "float32")).astype(np.float32)
    layer[..., 3] = 1
    linear = layer.copy()
    linear[..., :3] = np.where(layer <= 0.04045, layer / 12.92, ((layer + 0.055) / 1.055) ** 2.4)[..., :3]
    encoded = run(HarmonizeRequest(layer, layer), WILD)
    result = run(HarmonizeRequest(linear, linear, profile=PROFILES[2]), WILD)
    back = 1.055 * result[..., :3] ** (1 / 2.4) - 0.055
    assert np.allclose(back, encoded[..., :3], atol=1e-3)


def test_a_mask_changes_by_its_share() -> None:
    layer = np.full((10, 256, 3), 200, dtype=np.uint8)
    mask = np.broadcast_to(np.arange(256, dtype=np.uint8), (10, 256)).copy()
    result = run(HarmonizeRequest(layer, layer, mask), DARKER)
    whole = 200 - float(exact(layer, DARKER)[0, 0, 0]) * 255
    assert np.abs(result[5, :, 0] - (200 - whole * np.arange(256) / 255)).max() <= 0.51


def test_soft_alpha_changes_fully() -> None:
    layer = np.full((30, 30, 4), 200, dtype=np.uint8)
    layer[:, 10:, 3] = 3
    result = run(HarmonizeRequest(layer, layer), DARKER)[..., :3]
    assert np.ptp(result) == 0 and result[0, 0, 0] == round(float(exact(layer, DARKER)[0, 0, 0]) * 255)


@pytest.mark.parametrize("adjustment", [DARKER, Adjustment(contrast=30.0, brightness=-20.0)])
def test_gray_stays_gray(adjustment: Adjustment) -> None:
    gray = pixels((40, 50, 1), "uint16")
    layer = gray_to_rgb(gray)
    result = run(HarmonizeRequest(layer, layer, np.full((40, 50), 255, np.uint8)), adjustment)
    assert (np.ptp(result, axis=2) == 0).all()
    assert same_bits(rgb_to_gray(result), np.ascontiguousarray(result[..., :1]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("profile", PROFILES[:2], ids=["srgb", "adobe"])
def test_tiles_equal_the_whole(dtype: str, profile: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = pixels((97, 211, 4), dtype)
    request = HarmonizeRequest(layer, pixels((150, 300, 4), dtype), offset=(31, 7), profile=profile)
    whole = run(request, WILD)
    monkeypatch.setattr(full_resolution, "TILE_HEIGHT", 10)
    monkeypatch.setattr(full_resolution, "TILE_WIDTH", 37)
    if dtype.startswith("float"):  # the last bit of a power depends on its place in a processor's register
        assert np.allclose(run(request, WILD), whole, atol=1e-6 if dtype == "float32" else 1e-3, rtol=0)
    else:
        assert same_bits(run(request, WILD), whole)


def test_shading_goes_on_evenly_from_pixel_to_pixel() -> None:
    layer = np.full((400, 600, 4), 32768, np.uint16)
    numbers = np.random.default_rng(0).uniform(-MOST_SHADING, MOST_SHADING, (16, 16)).astype(np.float32)
    result = run(HarmonizeRequest(layer, layer), Adjustment(shading=numbers))[..., 0].astype(float)
    # Two neighbouring cells differ by 3 stops at most, over 25 rows or 37 columns.
    for axis, pixels_of_cell in ((0, 400 / 16), (1, 600 / 16)):
        most = 2 * MOST_SHADING / pixels_of_cell * np.log(2) / 2 * 65535
        assert 0 < np.abs(np.diff(result, axis=axis)).max() < most
    brightest, darkest = (exact(layer[:1, :1], Adjustment(exposure=sign * MOST_SHADING))[0, 0, 0] for sign in (1, -1))
    assert darkest * 65535 - 30 <= result.min() < result.max() <= brightest * 65535 + 30


def test_read_only_and_strided_layers_are_left_alone() -> None:
    layer = pixels((50, 60, 4), "uint8")
    before = layer.copy()
    view = layer[::-1, ::2]
    view.flags.writeable = False
    result = run(HarmonizeRequest(view, before), WILD)
    assert same_bits(layer, before)
    assert same_bits(result, run(HarmonizeRequest(np.ascontiguousarray(view), before), WILD))


def job(cancelled: Callable[[], bool], seen: list[float]) -> Any:
    layer = pixels((700, 300, 4), "uint8")
    window = Window(0, 0, 300, 700)
    return apply(HarmonizeRequest(layer, layer), WILD, window, lambda stage, fraction: seen.append(fraction), cancelled)


def test_progress_rises_to_1_and_cancel_ends_the_job() -> None:
    seen: list[float] = []
    job(lambda: False, seen)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    early: list[float] = []
    with pytest.raises(Cancelled):
        job(lambda: len(early) >= 2, early)
    assert len(early) == 2
