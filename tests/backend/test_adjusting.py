"""The dialog's own adjusting against the backend's, on a photo with an object in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.client.adjusting import LIMITS, NUMBERS, UNITS, AdjustablePicture
from raiha.backend.client.messages import Frame
from raiha.backend.pipeline import adjustment as backend
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.full_resolution import apply
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES = Path(__file__).parents[2] / "samples"
SHADING = [[-0.3, 0.1, 0.2], [0.0, 0.2, 0.4]]
"""Stops over the picture."""
FOUND: dict[str, Any] = {"exposure": -0.4, "temperature": 0.5, "tint": -0.2, "contrast": 12.0, "saturation": -15.0}
VEIL = {"veil": 20.0, "veil_colour": [0.6, 0.65, 0.7]}

Picture = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture(scope="module")
def photo() -> Picture:
    """Return a photo (h, w, 3) with the soft mask (h, w) of an object."""
    name = "coco_000000234748"
    with (
        Image.open(SAMPLES / "photos" / f"{name}.jpg") as picture,
        Image.open(SAMPLES / "masks" / f"{name}_1.png") as m,
    ):
        size = (picture.width // 2, picture.height // 2)
        return np.asarray(picture.convert("RGB").resize(size)), np.asarray(m.convert("L").resize(size))


def adjustable(photo: Picture, **more: Any) -> AdjustablePicture:
    before, mask = photo
    height, width = mask.shape
    frames = Frame(before.tobytes(), width, height, "RGB"), Frame(mask.tobytes(), width, height, "GRAY")
    return AdjustablePicture(*frames, **more)


def pixels_of(made: bytearray, photo: Picture) -> NDArray[np.int64]:
    pixels = np.frombuffer(made, np.uint8).reshape(*photo[1].shape, 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3].astype(int)


def of_the_backend(photo: Picture, entries: dict[str, Any], strength: float, only: Any) -> NDArray[np.int64]:
    before, mask = photo
    request = HarmonizeRequest(before, before, mask=mask, strength=strength, only=only)
    window = Window(0, 0, mask.shape[1], mask.shape[0])
    return apply(request, Adjustment.of_json(entries), window, lambda *_: None, lambda: False).astype(int)


@pytest.mark.parametrize(
    ("change", "strength", "only"),
    [
        ({}, 1.0, None),
        ({}, 1.0, "colour"),
        ({}, 1.25, "luminance"),
        ({"saturation": 60.0}, 1.0, None),
        ({"brightness": 40.0, "contrast": 60.0}, 1.0, None),
        ({"exposure": -2.0}, 1.0, None),
        ({"exposure": 1.5}, 1.0, None),
        (VEIL, 1.0, None),
    ],
)
def test_what_is_shown_is_what_the_daemon_makes(
    photo: Picture, change: dict[str, Any], strength: float, only: str | None
) -> None:
    entries = {**FOUND, **change}
    shown = pixels_of(adjustable(photo, shading=SHADING).adjusted(entries, strength, only), photo)
    made = of_the_backend(photo, {**entries, "shading": SHADING}, strength, only)
    inside = photo[1] > 0
    difference = np.abs(shown - made)
    np.testing.assert_array_equal(shown[~inside], photo[0][~inside])
    assert difference[inside].mean() < 1.25 and np.percentile(difference[inside], 98) <= 4
    assert np.abs(made - photo[0])[inside].mean() > 2.5


def test_half_of_the_shading_is_the_shading_halved(photo: Picture) -> None:
    shown = pixels_of(adjustable(photo, shading=SHADING).adjusted({"shading": 50.0}), photo)
    made = of_the_backend(photo, {"shading": (np.array(SHADING) / 2).tolist()}, 1.0, None)
    assert np.abs(shown - made).mean() < 0.5


def test_a_part_of_the_picture_has_the_shading_of_its_place(photo: Picture) -> None:
    before, mask = photo
    height, width = mask.shape
    left, top = width // 4, height // 4
    part = before[top : 3 * top, left : 3 * left], mask[top : 3 * top, left : 3 * left]
    window = (-left, -top, width - left, height - top)
    shown = pixels_of(adjustable(part, shading=SHADING, window=window).adjusted(FOUND), part)
    whole = pixels_of(adjustable(photo, shading=SHADING).adjusted(FOUND), photo)
    assert np.abs(shown - whole[top : 3 * top, left : 3 * left]).mean() < 0.5


def test_nothing_changes_at_strength_0_or_without_an_object(photo: Picture) -> None:
    picture = adjustable(photo)
    assert picture.adjusted(FOUND, 0.0) == picture.before()
    assert adjustable((photo[0], 0 * photo[1])).adjusted(FOUND) == picture.before()


def test_black_and_white_are_not_reached_and_no_channel_spills_into_another() -> None:
    levels = np.arange(256, dtype=np.uint8)
    before = np.stack(np.meshgrid(levels[::5], levels), axis=-1)[..., [0, 1, 1]]
    solid = np.full(before.shape[:2], 255, np.uint8)
    for change in ({"exposure": 5.0}, {"exposure": -5.0}, {"saturation": 100.0}, VEIL):
        for strength in (1.0, 1.5):
            shown = pixels_of(adjustable((before, solid)).adjusted(change, strength), (before, solid))
            made = of_the_backend((before, solid), change, strength, None)
            assert np.abs(shown - made).max() <= 16
            assert not ((shown == 0) & (before > 0)).any() and not ((shown == 255) & (before < 255)).any()


def test_limits_and_units_are_the_backend_s() -> None:
    assert {name: LIMITS[name] for name in NUMBERS} == backend.LIMITS
    assert {name: UNITS[name] for name in NUMBERS} == backend.UNITS
