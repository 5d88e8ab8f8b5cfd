from __future__ import annotations

import io

import icc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from raiha.backend.colour.spaces import MatrixSpace, SrgbSpace, colour_space
from raiha.backend.colour.table import TableSpace
from raiha.backend.colour.tone_curve import LINEAR, SRGB, ParametricCurve, SampledCurve
from raiha.gallery_tools.errors import RaihaError

PROFILES = {
    "Adobe RGB": icc.profile("adobe", icc.gamma(2.19921875), 2),
    "Display P3": icc.profile("p3", icc.SRGB_CURVE),
    "ProPhoto": icc.profile("prophoto", icc.gamma(1.8), 2),
    "Rec. 2020": icc.profile("rec2020", icc.parametric(3, 1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.08145)),
    "linear sRGB": icc.profile("srgb", icc.linear()),
    "sampled": icc.profile("adobe", icc.sampled(np.linspace(0, 1, 1024) ** 2.2), 2),
    "type 1": icc.profile("p3", icc.parametric(1, 2.0, 0.9, 0.1)),
    "type 4": icc.profile("p3", icc.parametric(4, 2.4, 0.9479, 0.0521, 0.0774, 0.0405, 0.0, 0.0)),
}


def every_third_colour() -> np.ndarray:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)


def unit_planes(pixels: np.ndarray) -> np.ndarray:
    return np.moveaxis(pixels, 2, 0).astype(np.float32) / 255


def by_littlecms(pixels: np.ndarray, profile: bytes) -> np.ndarray:
    source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(
        source, target, "RGB", "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    return np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform)).astype(int)


@pytest.mark.parametrize("name", PROFILES)
def test_agrees_with_littlecms_to_a_rounding(name: str) -> None:
    pixels = every_third_colour()
    ours = np.rint(colour_space(PROFILES[name]).to_srgb(unit_planes(pixels)).clip(0, 1) * 255)
    difference = np.abs(np.moveaxis(ours, 0, 2).astype(int) - by_littlecms(pixels, PROFILES[name]))
    assert difference.max() <= 1
    assert difference.mean() < 0.05


@pytest.mark.parametrize("name", PROFILES)
def test_no_change_gives_back_the_values_finer_than_16_bits(name: str) -> None:
    values = np.random.default_rng(0).random((3, 50, 40), dtype=np.float32) * np.float32(1.2) - np.float32(0.1)
    values[:, 0, :4] = ((0, 1, 1 / 65535, 0.5), (1, 0, 1, 1 / 65535), (0, 0, 1, 1))
    space = colour_space(PROFILES[name])
    back = space.with_change(values, space.to_srgb(values), np.zeros_like(values))
    inside = (
        values >= 0.05 if name in ("type 1", "type 4", "sampled") else values > -1
    )  # level near 0: nothing to give back
    assert np.abs(back - values)[inside].max() < 0.2 / 65535


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "type 1"])
def test_a_change_is_the_same_change_seen_in_srgb(name: str) -> None:
    values = np.random.default_rng(1).random((3, 30, 30), dtype=np.float32) * np.float32(0.5) + np.float32(0.3)
    space = colour_space(PROFILES[name])
    colours = space.to_srgb(values)
    change = np.float32(0.1) * (np.random.default_rng(2).random((3, 30, 30), dtype=np.float32) - np.float32(0.5))
    assert np.allclose(space.to_srgb(space.with_change(values, colours, change)), colours + change, atol=2e-4)


def test_srgb_in_any_spelling_is_srgb() -> None:
    spellings = [
        None,
        icc.profile("srgb", icc.SRGB_CURVE),
        icc.profile("srgb", icc.sampled(SRGB.decode(np.linspace(0, 1, 1024, dtype=np.float32))), 2),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ]
    assert all(isinstance(colour_space(spelling), SrgbSpace) for spelling in spellings)
    assert isinstance(colour_space(icc.profile("p3", icc.SRGB_CURVE)), MatrixSpace)


def test_a_table_profile_agrees_with_littlecms_and_keeps_what_is_not_changed() -> None:
    profile = icc.table_profile(2.2)
    space = colour_space(profile)
    assert isinstance(space, TableSpace)
    pixels = every_third_colour()
    values = unit_planes(pixels)
    colours = space.to_srgb(values)
    difference = np.abs(np.rint(colours * 255).transpose(1, 2, 0) - by_littlecms(pixels, profile))
    bright = pixels.min(axis=2) >= 30  # straight lines between lattice points leave the curve near black
    assert difference[bright].max() <= 2
    assert (space.with_change(values, colours, np.zeros_like(values)) == values).all()


def test_a_table_profile_makes_no_bands() -> None:
    space = colour_space(icc.table_profile(2.2))
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, 5000, dtype=np.float32), (3, 1, 5000)).copy()
    colours = space.to_srgb(ramp)
    after = space.with_change(ramp, colours, np.float32(0.1) * colours)
    steps = np.diff(after[0, 0])
    assert len(np.unique(after[0, 0])) == 5000
    assert steps.min() > 0.8 * np.median(steps)
    assert steps.max() < 1.2 * np.median(steps)


@pytest.mark.parametrize("cut", [0, 10, 131, 200, 300])
def test_a_profile_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(RaihaError) as caught:
        colour_space(PROFILES["Adobe RGB"][:cut])
    assert caught.value.code == "bad-profile"


@settings(max_examples=200)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_profile_is_used_or_refused(place: int, damage: bytes) -> None:
    profile = bytearray(PROFILES["Display P3"])
    profile[place : place + len(damage)] = damage
    try:
        space = colour_space(bytes(profile))
    except RaihaError as error:
        assert error.code in ("bad-profile", "not-rgb")
    else:
        assert space.to_srgb(np.full((3, 1, 1), 0.5, dtype=np.float32)).shape == (3, 1, 1)


def test_profiles_of_other_kinds_are_refused() -> None:
    with pytest.raises(RaihaError) as caught:
        colour_space(icc.pack({}, kind=b"prtrCMYKLab "))
    assert caught.value.code == "not-rgb"
    assert "CMYK" in caught.value.sentence


def test_a_table_profile_without_a_way_back_is_refused() -> None:
    with pytest.raises(RaihaError) as caught:
        colour_space(icc.pack({b"A2B0": b"mft2" + b"\0" * 60}, 2))
    assert caught.value.code == "bad-profile"


@pytest.mark.parametrize(
    "curve",
    [SRGB, LINEAR, ParametricCurve(1.8), SampledCurve(np.linspace(0, 1, 256) ** 2.2)],
    ids=["srgb", "linear", "power", "sampled"],
)
def test_curves_go_both_ways_beyond_0_and_1(curve: ParametricCurve | SampledCurve) -> None:
    encoded = np.linspace(-0.5, 4, 1001, dtype=np.float32)
    linear = curve.decode(encoded)
    assert (np.diff(linear) >= 0).all()
    assert np.allclose(curve.encode(linear), encoded, atol=2e-5)


def test_a_table_of_equal_values_still_has_an_inverse() -> None:
    curve = SampledCurve(np.array([0.0, 0.5, 0.5, 0.4, 1.0]))
    assert np.isfinite(curve.encode(np.linspace(0, 1, 100, dtype=np.float32))).all()
