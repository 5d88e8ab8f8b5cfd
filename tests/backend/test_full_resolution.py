from __future__ import annotations

from collections.abc import Callable
from typing import Any

import icc
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raiha.backend.network.colour_transform import transform_colours
from raiha.backend.pipeline.bounds import object_bounds
from raiha.backend.pipeline.coefficient_map import object_transforms
from raiha.backend.pipeline.crops import Crop, crop_around, crop_whole
from raiha.backend.pipeline.full_resolution import apply
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError

DTYPES = ["uint8", "uint16", "float16", "float32"]
SIZES = st.one_of(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.sampled_from([(1, 1), (40, 3000), (211, 123)]))
PROFILES = [None, icc.profile("adobe", icc.gamma(2.2), 2), icc.profile("srgb", icc.linear()), icc.table_profile(2.2)]


def pixels(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).random(shape)
    return (values * white(dtype)).astype(dtype)


def white(dtype: str) -> float:
    return float(np.iinfo(dtype).max) if dtype.startswith("u") else 1.0


def gains(*gain: float, side: int = 16, shift: float = 0.0, bend: float = 0.0) -> torch.Tensor:
    """(15, side, side): red, green and blue times their gain, plus a shift and their bent squares."""
    transform = torch.zeros(3, 5)
    transform[:, :3] = torch.diag(torch.tensor(gain))
    transform[:, 3], transform[:, 4] = shift, bend
    return transform.flatten()[:, None, None].repeat(1, side, side)


def wild(side: int = 16, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return gains(1, 1, 1, side=side) + 0.4 * torch.randn(15, side, side)


def run(request: HarmonizeRequest, coefficients: torch.Tensor) -> Any:
    crop = crop_around(request, object_bounds(request), side=64, context=1.5)
    return apply(request, coefficients, crop, lambda stage, fraction: None, lambda: False)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@settings(max_examples=40, deadline=None)
@given(SIZES, st.sampled_from(DTYPES), st.tuples(st.integers(-30, 30), st.integers(-30, 30)), st.sampled_from(PROFILES))
def test_what_is_not_the_object_comes_back_bit_for_bit(
    size: tuple[int, int], dtype: str, offset: tuple[int, int], profile: bytes | None
) -> None:
    layer = pixels((*size, 4), dtype)
    layer[..., 3] *= pixels(size, dtype, 1) > white(dtype) / 2
    mask = pixels(size, "uint8", 2) * (pixels(size, "uint8", 3) > 100).astype(np.uint8)
    request = HarmonizeRequest(layer, pixels((50, 60, 3), dtype), mask, offset, profile)
    try:
        result = run(request, wild())
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
    assert same_bits(run(request, gains(1, 1, 1)), layer)
    nothing = HarmonizeRequest(layer, request.background, offset=(-5, 9), profile=profile, strength=0.0)
    assert same_bits(run(nothing, wild()), layer)


@pytest.mark.parametrize("side", [16, 64, 256])
@pytest.mark.parametrize("place", [(0, 0), (-40, 13), (301, 250)])
def test_no_halo_at_a_hard_edge(side: int, place: tuple[int, int]) -> None:
    layer = pixels((150, 200, 4), "uint16")
    yy, xx = np.mgrid[:150, :200]
    layer[..., 3] = np.where((xx - 100) ** 2 + (yy - 70) ** 2 < 60**2, 65535, 0)
    request = HarmonizeRequest(layer, pixels((400, 400, 3), "uint16", 1), offset=place)
    crop = crop_around(request, object_bounds(request), side=256, context=1.5)
    inside = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(crop.mask)[None], side) > 0
    coefficients = torch.where(inside, gains(0.8, 0.6, 0.4, side=side), 9 * torch.rand(15, side, side))
    result = apply(request, coefficients, crop, lambda stage, fraction: None, lambda: False)
    changed = layer[..., 3] > 0
    wanted = layer[changed][:, :3] * np.array([0.8, 0.6, 0.4])
    assert np.abs(result[changed][:, :3] - wanted).max() <= 0.51


def test_the_background_colours_no_edge_as_plain_interpolation_does() -> None:
    layer = pixels((200, 200, 4), "float32")
    yy, xx = np.mgrid[:200, :200]
    layer[..., 3] = (xx - 100) ** 2 + (yy - 90) ** 2 < 80**2
    request = HarmonizeRequest(layer, layer)
    crop = crop_whole(request)
    share = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(crop.mask)[None], 16)
    coefficients = torch.where(share > 0, gains(0.5, 0.5, 0.5), gains(2, 2, 2))
    result = apply(request, coefficients, crop, lambda stage, fraction: None, lambda: False)
    picture = torch.from_numpy(layer[..., :3]).permute(2, 0, 1)[None]
    plain = transform_colours(picture, coefficients[None])[0].permute(1, 2, 0).numpy()
    inside = layer[..., 3] > 0
    wanted = layer[inside][:, :3] / 2
    assert np.abs(result[inside][:, :3] - wanted).max() < 1e-5
    assert np.abs(plain[inside] - wanted).max() > 0.1


def test_cells_count_by_their_share_of_the_object() -> None:
    mask = np.zeros((8, 16), dtype=np.float32)
    mask[:, 8:] = 1
    mask[:, 4:8] = 0.25
    columns = torch.tensor([9.0, 1.0, 5.0, 5.0])
    transforms = object_transforms(gains(1, 1, 1, side=4) + columns, mask)
    squares = torch.eye(3).numpy() > 0  # a channel's square counts for that channel alone
    for affine_or_own in (transforms[:, :, :4], transforms[:, squares.nonzero()[0], 4 + squares.nonzero()[1]]):
        assert np.allclose(affine_or_own[..., 1], (0.25 * 1 + 5) / 1.25)
        assert np.allclose(affine_or_own[..., 3], 5)
        assert np.allclose(affine_or_own[..., 0], 1)
    assert not transforms[:, :, 4:][:, ~squares].any()


@pytest.mark.parametrize("only", [None, "colour", "luminance"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_strength_is_a_mix_of_before_and_after(dtype: str, only: Any) -> None:
    layer = pixels((60, 80, 4), dtype)
    layer[..., 3] = white(dtype)

    def at(strength: float) -> np.ndarray:
        request = HarmonizeRequest(layer, layer, strength=strength, only=only)
        return run(request, wild()).astype(np.float64)

    rounding = 1.01 if dtype == "uint8" else 1e-5
    for strength in (0.25, 0.6):
        mixed = layer + strength * (at(1.0) - layer)
        assert np.abs(mixed - at(strength)).max() <= rounding


def test_only_colour_keeps_luminance_and_only_luminance_keeps_colour() -> None:
    layer = pixels((60, 80, 4), "float32")
    weights = np.array([0.2126, 0.7152, 0.0722])

    def changed(only: Any) -> np.ndarray:
        return (run(HarmonizeRequest(layer, layer, only=only), wild()) - layer)[..., :3]

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
    result = run(HarmonizeRequest(layer, layer, profile=profile), gains(0.9, 0.9, 0.9))
    levels = len(np.unique(result[0, :, 0]))
    assert levels > 0.9 * len(np.unique(layer[0, :, 0]))
    assert (np.diff(result[0, :, 0].astype(np.float64)) >= 0).all()


def test_bright_dark_and_broken_floats_survive() -> None:
    layer = np.full((8, 8, 4), 0.5, dtype=np.float32)
    layer[0, 0, :3], layer[0, 1, :3] = 12.0, -0.25
    layer[1, 0, 0], layer[1, 1, 1], layer[1, 2, :3] = np.nan, np.inf, -0.0
    result = run(HarmonizeRequest(layer, layer), gains(1.5, 1.5, 1.5))
    assert np.allclose(result[0, 0, :3], 18)
    assert np.allclose(result[0, 1, :3], -0.375)
    assert same_bits(result[1, :2], layer[1, :2])
    assert np.isfinite(result[1, 2:]).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_are_rounded_to_nearest_and_limited(dtype: str) -> None:
    layer = pixels((40, 40, 4), dtype)
    layer[..., 3] = white(dtype)
    result = run(HarmonizeRequest(layer, layer), gains(1.7, 0.3, 1, shift=-0.05)).astype(np.float64)
    wanted = layer[..., :3] * np.array([1.7, 0.3, 1]) - 0.05 * white(dtype)
    assert np.abs(result[..., :3] - wanted.clip(0, white(dtype))).max() <= 0.51


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bend_is_a_parabola_that_goes_on_straight_beyond_white_and_black(dtype: str) -> None:
    layer = pixels((40, 40, 4), dtype)
    layer[..., 3] = white(dtype)
    if dtype.startswith("float"):
        layer[0, :2, :3] = np.array([[12.0], [-0.5]])
    result = run(HarmonizeRequest(layer, layer), gains(1.2, 1.3, 1.4, bend=-0.3))[..., :3] / white(dtype)
    before = layer[..., :3].astype(np.float64) / white(dtype)
    curve = np.select([before > 1, before < 0], [2 * before - 1, np.zeros_like(before)], before**2)
    wanted = before * np.array([1.2, 1.3, 1.4]) - 0.3 * curve
    if dtype.startswith("u"):
        wanted = wanted.clip(0, 1)
    close = {"uint8": 0.51 / 255, "uint16": 0.51 / 65535, "float16": 0.01, "float32": 1e-5}[dtype]
    assert np.abs(result - wanted).max() <= close


def test_a_change_in_another_space_is_the_change_in_srgb() -> None:
    layer = (0.3 + 0.3 * pixels((50, 50, 4), "float32")).astype(np.float32)
    layer[..., 3] = 1
    linear = layer.copy()
    linear[..., :3] = np.where(layer <= 0.04045, layer / 12.92, ((layer + 0.055) / 1.055) ** 2.4)[..., :3]
    encoded = run(HarmonizeRequest(layer, layer), gains(1.2, 0.9, 0.8))
    result = run(HarmonizeRequest(linear, linear, profile=PROFILES[2]), gains(1.2, 0.9, 0.8))
    back = 1.055 * result[..., :3] ** (1 / 2.4) - 0.055
    assert np.allclose(back, encoded[..., :3], atol=1e-3)


def test_a_mask_changes_by_its_share() -> None:
    layer = np.full((10, 256, 3), 200, dtype=np.uint8)
    mask = np.broadcast_to(np.arange(256, dtype=np.uint8), (10, 256)).copy()
    result = run(HarmonizeRequest(layer, layer, mask), gains(0.5, 0.5, 0.5))
    assert np.abs(result[5, :, 0] - (200 - 100 * np.arange(256) / 255)).max() <= 0.51


def test_soft_alpha_changes_fully() -> None:
    layer = np.full((30, 30, 4), 200, dtype=np.uint8)
    layer[:, 10:, 3] = 3
    assert (run(HarmonizeRequest(layer, layer), gains(0.5, 0.5, 0.5))[..., :3] == 100).all()


def test_read_only_and_strided_layers_are_left_alone() -> None:
    layer = pixels((50, 60, 4), "uint8")
    before = layer.copy()
    view = layer[::-1, ::2]
    view.flags.writeable = False
    result = run(HarmonizeRequest(view, before), wild())
    assert same_bits(layer, before)
    assert same_bits(result, run(HarmonizeRequest(np.ascontiguousarray(view), before), wild()))


def job(cancelled: Callable[[], bool], coefficients: torch.Tensor, seen: list[float]) -> Any:
    layer = pixels((700, 300, 4), "uint8")
    request = HarmonizeRequest(layer, layer)
    crop = crop_around(request, object_bounds(request), side=256, context=1.5)
    return apply(request, coefficients, crop, lambda stage, fraction: seen.append(fraction), cancelled)


def test_progress_rises_to_1_and_cancel_ends_the_job() -> None:
    seen: list[float] = []
    job(lambda: False, wild(), seen)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    early: list[float] = []
    with pytest.raises(Cancelled):
        job(lambda: len(early) >= 2, wild(), early)
    assert len(early) == 2


def test_a_prediction_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(RaihaError) as caught:
        job(lambda: False, wild() * float("nan"), [])
    assert caught.value.code == "bad-coefficients"


def test_an_object_that_the_small_mask_misses_still_changes() -> None:
    layer = pixels((30, 30, 4), "uint8")
    layer[..., 3] = 255
    request = HarmonizeRequest(layer, layer)
    crop = crop_around(request, object_bounds(request), side=256, context=1.5)
    blind = Crop(crop.composite, np.zeros_like(crop.mask), crop.window)
    result = apply(request, gains(0.5, 0.5, 0.5), blind, lambda stage, fraction: None, lambda: False)
    assert np.abs(result[..., :3] - layer[..., :3] / 2).max() <= 0.51
