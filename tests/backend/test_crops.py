from __future__ import annotations

from typing import Any

import icc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.bounds import Window, object_bounds
from raiha.backend.pipeline.crops import EDGE_CROP_SIDE, crop_around, crop_edge, crop_whole, read_crop, read_crops
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError


def solid(height: int, width: int, *colour: float, dtype: str = "uint8") -> np.ndarray:
    return np.broadcast_to(np.array(colour, dtype=dtype), (height, width, len(colour))).copy()


def pasted(size: tuple[int, int] = (50, 80), offset: tuple[int, int] = (0, 0)) -> HarmonizeRequest:
    """Return a red layer over a blue picture of 300 x 200 pixels."""
    return HarmonizeRequest(solid(*size, 255, 0, 0, 255), solid(200, 300, 0, 0, 255), offset=offset)


@pytest.mark.parametrize(
    ("offset", "window"),
    [
        ((10, 20), Window(10, 20, 80, 50)),
        ((-30, -10), Window(0, 0, 50, 40)),
        ((280, 190), Window(280, 190, 20, 10)),
    ],
)
def test_bounds_are_the_object_on_the_canvas(offset: tuple[int, int], window: Window) -> None:
    assert object_bounds(pasted(offset=offset)) == window


def test_bounds_are_those_of_alpha_and_mask_together() -> None:
    layer = solid(60, 70, 9, 9, 9, 0)
    layer[10:30, 20:50, 3] = 1
    mask = np.zeros((60, 70), dtype=np.uint8)
    mask[15:60, 0:40] = 1
    request = HarmonizeRequest(layer, solid(100, 100, 0, 0, 0), mask)
    assert object_bounds(request) == Window(20, 15, 20, 15)


def residue(kind: str) -> np.ndarray:
    """Alpha of a layer of 200 x 300 pixels with an opaque object of 60 x 50, and what tools leave beside it."""
    alpha = np.zeros((200, 300), dtype=np.uint8)
    alpha[70:130, 100:150] = 255
    if kind == "two faint pixels":
        alpha[0, 0] = alpha[-1, -1] = 1
    elif kind == "a haze":
        alpha = np.maximum(alpha, 3)
    elif kind == "opaque specks":
        alpha[5, 290] = alpha[195, 3] = alpha[100, 299] = 255
    elif kind == "a faint line":
        alpha[10] = 4
    return alpha


@pytest.mark.parametrize("kind", ["nothing", "two faint pixels", "a haze", "opaque specks", "a faint line"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_tools_leave_beside_the_object_does_not_widen_its_bounds(kind: str, dtype: str) -> None:
    white = np.iinfo(dtype).max if dtype.startswith("u") else 1.0
    layer = (np.dstack([solid(200, 300, 9, 9, 9), residue(kind)]) * (white / 255)).astype(dtype)
    assert object_bounds(HarmonizeRequest(layer, layer[..., :3])) == Window(100, 70, 50, 60)
    picture = solid(200, 300, 9, 9, 9)
    assert object_bounds(HarmonizeRequest(picture, picture, residue(kind))) == Window(100, 70, 50, 60)


def test_the_parts_of_an_object_all_count_and_a_faint_object_is_one() -> None:
    layer = solid(100, 100, 9, 9, 9, 0)
    layer[10:20, 10:20, 3] = layer[80:83, 90:95, 3] = 2
    assert object_bounds(HarmonizeRequest(layer, layer[..., :3])) == Window(10, 10, 85, 73)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mask": np.zeros((50, 80), dtype=np.uint8)}, "empty-mask"),
        ({"layer": solid(50, 80, 1, 2, 3, 0)}, "empty-mask"),
        ({"layer": solid(50, 80, 1, 2, 3)}, "no-mask"),
        ({"mask": np.zeros((80, 50), dtype=np.uint8)}, "mask-size"),
        ({"offset": (300, 0)}, "off-canvas"),
        ({"offset": (0, -50)}, "off-canvas"),
        ({"layer": np.zeros((0, 5, 4), dtype=np.uint8)}, "bad-layer"),
        ({"background": np.zeros((5, 5), dtype=np.uint8)}, "bad-layer"),
    ],
)
def test_requests_that_cannot_be_fulfilled_are_refused(change: dict[str, Any], code: str) -> None:
    fields: dict[str, Any] = {"layer": pasted().layer, "background": pasted().background} | change
    with pytest.raises(RaihaError) as caught:
        object_bounds(HarmonizeRequest(**fields))
    assert caught.value.code == code
    assert caught.value.remedy


def test_the_layer_lies_at_its_offset() -> None:
    whole = crop_whole(pasted(offset=(100, 60)), 300)
    assert whole.composite.shape == (200, 300, 3)
    assert np.allclose(whole.composite[61:109, 101:179], (1, 0, 0), atol=0.01)
    assert np.allclose(whole.composite[:58], (0, 0, 1), atol=0.01)
    assert np.allclose(whole.mask[61:109, 101:179], 1, atol=0.01)
    assert whole.mask[:58].max() == 0


def test_alpha_weighs_colours_before_they_are_averaged() -> None:
    layer = solid(400, 400, 0, 255, 0, 0)
    layer[:, ::2] = (255, 0, 0, 255)
    crop = read_crop(HarmonizeRequest(layer, solid(400, 400, 0, 0, 255)), Window(0, 0, 400, 400), (200, 200))
    assert np.allclose(crop.composite[5:-5, 5:-5], (0.5, 0, 0.5), atol=0.01)
    assert np.allclose(crop.mask[5:-5, 5:-5], 0.5, atol=0.01)


def test_a_photo_is_reduced_as_pillow_does() -> None:
    photo = np.asarray(Image.open("samples/photos/snap_canon_eos_450d.jpg").convert("RGB").resize((1536, 1024)))
    request = HarmonizeRequest(photo, photo, np.full(photo.shape[:2], 255, dtype=np.uint8))
    ours = crop_whole(request, 192).composite
    exact = np.asarray(Image.fromarray(photo).resize((192, 128), Image.Resampling.BOX)) / 255
    assert np.sqrt(np.mean((ours - exact) ** 2)) < 0.02


@pytest.mark.parametrize(
    ("bounds", "window"),
    [
        (Window(140, 80, 20, 10), Window(118, 53, 64, 64)),
        (Window(0, 0, 100, 40), Window(0, 0, 150, 150)),
        (Window(250, 150, 50, 50), Window(225, 125, 75, 75)),
        (Window(0, 0, 300, 200), Window(0, 0, 300, 200)),
        (Window(10, 0, 180, 20), Window(0, 0, 270, 200)),
    ],
)
def test_the_window_is_square_where_the_picture_allows(bounds: Window, window: Window) -> None:
    crop = crop_around(pasted((200, 300)), bounds, side=32, context=1.5)
    assert crop.window == window
    assert crop.composite.shape == (32, 32, 3)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from([(1, 1), (1, 500), (30, 40), (100, 3000)]),
    st.tuples(st.integers(-80, 80), st.integers(-80, 80)),
    st.sampled_from(["uint8", "uint16", "float16", "float32"]),
)
def test_any_sizes_and_places(
    layer: tuple[int, int], back: tuple[int, int], offset: tuple[int, int], dtype: str
) -> None:
    rng = np.random.default_rng(0)
    white = np.iinfo(dtype).max if dtype.startswith("u") else 1.3
    request = HarmonizeRequest(
        (rng.random((*layer, 4)) * white).astype(dtype), (rng.random((*back, 4)) * white).astype(dtype), offset=offset
    )
    try:
        bounds = object_bounds(request)
    except RaihaError as error:
        assert error.code in ("off-canvas", "empty-mask")
        return
    for crop in (crop_whole(request, 96), crop_around(request, bounds, side=48, context=1.5)):
        assert crop.composite.dtype == crop.mask.dtype == np.float32
        assert crop.composite.shape == (*crop.mask.shape, 3)
        assert 0 <= crop.composite.min() <= crop.composite.max() <= 1
        assert 0 < crop.mask.max() <= 1


def test_an_object_finer_than_the_samples_is_still_there() -> None:
    mask = np.zeros((3000, 3000), dtype=np.uint8)
    mask[0, 0] = mask[2999, 2999] = 255
    picture = solid(3000, 3000, 1, 2, 3)
    assert crop_whole(HarmonizeRequest(picture, picture, mask), 20).mask.max() > 0


def test_depths_and_profiles_show_the_same_picture() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (100, 100, 3)).astype(np.uint8)
    mask = np.full((100, 100), 255, dtype=np.uint8)
    encoded = picture / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)

    def seen(pixels: np.ndarray, profile: bytes | None = None) -> np.ndarray:
        return crop_whole(HarmonizeRequest(pixels, pixels, mask, profile=profile)).composite

    wanted = seen(picture)
    assert np.allclose(seen(picture.astype(np.uint16) * 257), wanted, atol=1e-5)
    assert np.allclose(seen(encoded.astype(np.float32)), wanted, atol=1e-5)
    assert np.allclose(seen(linear.astype(np.float32), icc.profile("srgb", icc.linear())), wanted, atol=5e-3)


def test_nan_and_bright_pixels_do_not_spread() -> None:
    picture = solid(40, 40, 0.5, 0.5, 0.5, 1.0, dtype="float32")
    picture[5, 5, :3], picture[8, 8, :3], picture[9, 9, :3] = np.nan, 1e30, -np.inf
    crop = crop_whole(HarmonizeRequest(picture, picture))
    assert np.isfinite(crop.composite).all()
    assert crop.composite[20:].min() == crop.composite[20:].max() == 0.5


def test_a_transparent_background_is_gray() -> None:
    layer = solid(10, 10, 255, 255, 255, 255)
    crop = crop_whole(HarmonizeRequest(layer, solid(50, 50, 255, 0, 0, 0)))
    assert np.allclose(crop.composite[20:], 0.5)


def test_the_edge_crop_mixes_no_pixels() -> None:
    stripes = solid(60, 3000, 0, 0, 0)
    stripes[:, ::2] = 255
    request = HarmonizeRequest(stripes, stripes, mask=np.full((60, 3000), 255, np.uint8))
    whole = Window(0, 0, 3000, 60)
    crop = crop_edge(request, whole)
    assert crop.composite.shape == (60, EDGE_CROP_SIDE, 3) and crop.window == whole
    assert set(np.unique(crop.composite)) == {0, 1}
    own_size = crop_edge(request, Window(100, 10, 64, 48))
    assert np.array_equal(own_size.composite * 255, stripes[10:58, 100:164])


def test_a_request_s_crops_are_those_that_its_settings_ask_for() -> None:
    request = pasted(offset=(100, 60))
    settings = InferenceSettings(side=64, close_context=1.5, wide_context=2.0)
    crops = read_crops(request, object_bounds(request), settings)
    assert crops.close.mask.shape == crops.wide.mask.shape == (64, 64)
    assert (crops.close.window.width, crops.wide.window.width) == (120, 160)
    assert crops.edge.window == crops.close.window and crops.edge.mask.shape == (120, 120)
    assert crops.whole is None and crops.preview is None
    more = read_crops(request, object_bounds(request), settings, whole=True, preview_side=30)
    assert more.whole is not None and more.whole.window == Window(0, 0, 300, 200)
    assert more.preview is not None and more.preview.mask.shape == (30, 30)


def test_a_wide_crop_of_the_same_window_is_the_close_one() -> None:
    request = pasted((200, 300))
    crops = read_crops(request, object_bounds(request), InferenceSettings(side=64))
    assert crops.wide is crops.close


def test_a_soft_object_is_shown_solid_to_the_network_and_soft_to_people() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    mask = np.zeros((100, 100), np.uint8)
    mask[30:70, 30:70] = 51
    crops = read_crops(HarmonizeRequest(picture, picture, mask), Window(30, 30, 40, 40), InferenceSettings(side=64))
    assert crops.close.mask.max() == crops.wide.mask.max() == crops.edge.mask.max() == 1
    small = read_crops(
        HarmonizeRequest(picture, picture, mask), Window(30, 30, 40, 40), InferenceSettings(side=64), preview_side=40
    )
    assert small.preview is not None and small.preview.mask.max() == pytest.approx(0.2)
    glass = np.full((100, 100, 4), 0, np.uint8)
    glass[30:70, 30:70] = (255, 0, 0, 51)
    close = read_crops(HarmonizeRequest(glass, picture), Window(30, 30, 40, 40), InferenceSettings(side=64)).close
    assert np.allclose(close.composite[32, 32], (1, 0, 0), atol=1e-3)
