"""Every kind of layer through the procedure of a real GIMP, with a real daemon and the pipeline that users get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from common import Daemon
from dumped import Pixels, by_client, by_command, pixels, request_of
from gimp_program import Gimp, GimpProgram
from street import PhotoGallery

RESULT = "object (harmonized"
"""What the name of a result begins with."""
ELLIPSE = {"x": 170, "y": 80, "width": 120, "height": 90}


def harmonized(gimp: Gimp, layer: str = "object", **options: Any) -> None:
    answer = gimp.do("harmonize", layers=[layer], **options)
    assert answer == {"status": "success", "message": "success"}


def reopen(gimp: Gimp, program: GimpProgram, document: Path, **how: Any) -> None:
    gimp.do("forget_image")
    gimp.do("new_image", path=program.inside(document), **how)


def dumped(gimp: Gimp, folder: Path, name: str = RESULT) -> Pixels:
    return pixels(folder, gimp.do("dump", name=name, file="result.raw"))


def assert_same(result: Pixels, expected: Pixels, before: Pixels) -> None:
    assert np.array_equal(result, expected)
    assert np.array_equal(result[..., -1], before[..., -1]), "alpha"
    assert not np.array_equal(result, before), "nothing was changed"


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_NON_LINEAR", "FLOAT_LINEAR"])
def test_the_result_is_what_raiha_harmonize_writes(
    precision: str, gimp: Gimp, program: GimpProgram, daemon: Daemon, folder: Path, document: Path
) -> None:
    reopen(gimp, program, document, precision=precision)
    request = request_of(gimp, folder)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_command(request, daemon, folder), request.layer)


@pytest.mark.parametrize("profile", [None, "adobe"])
@pytest.mark.parametrize(
    "precision",
    [
        *("U8_LINEAR", "U8_NON_LINEAR", "U8_PERCEPTUAL", "U16_LINEAR", "U16_NON_LINEAR", "U16_PERCEPTUAL"),
        *("HALF_LINEAR", "HALF_NON_LINEAR", "HALF_PERCEPTUAL"),
        *("FLOAT_LINEAR", "FLOAT_NON_LINEAR", "FLOAT_PERCEPTUAL"),
    ],
)
def test_pixels_travel_as_they_lie(
    precision: str,
    profile: str | None,
    gimp: Gimp,
    program: GimpProgram,
    daemon: Daemon,
    runtime: Path,
    folder: Path,
    document: Path,
) -> None:
    reopen(gimp, program, document, precision=precision, profile=profile)
    request = request_of(gimp, folder)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime), request.layer)


@pytest.mark.parametrize(
    "precision",
    [
        *("U32_LINEAR", "U32_NON_LINEAR", "U32_PERCEPTUAL"),
        *("DOUBLE_LINEAR", "DOUBLE_NON_LINEAR", "DOUBLE_PERCEPTUAL"),
    ],
)
def test_wider_numbers_travel_as_floats_and_keep_their_alpha(
    precision: str,
    gimp: Gimp,
    program: GimpProgram,
    daemon: Daemon,
    runtime: Path,
    folder: Path,
    document: Path,
) -> None:
    reopen(gimp, program, document, precision=precision)
    before = dumped(gimp, folder, "object")
    request = request_of(gimp, folder)
    harmonized(gimp)
    result = dumped(gimp, folder)
    assert np.array_equal(result[..., -1], before[..., -1])
    white = 2**32 - 1 if precision.startswith("U32") else 1.0
    seen = before[..., -1] > 0
    wanted = by_client(request, runtime)
    if precision.startswith("U32"):  # integers hold nothing beyond black and white
        wanted = wanted.clip(0, 1)
    difference = np.abs(result / white - wanted)[seen]
    assert difference.max() < 2e-6
    assert not np.array_equal(result, before)


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_NON_LINEAR"])
def test_gray_comes_back_gray(
    precision: str,
    gimp: Gimp,
    program: GimpProgram,
    daemon: Daemon,
    runtime: Path,
    folder: Path,
    document: Path,
) -> None:
    reopen(gimp, program, document, precision=precision, gray=True)
    request = request_of(gimp, folder)._replace(profile=None)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime, "GRAYA"), request.layer)


def test_linear_gray_travels_encoded(
    gimp: Gimp, program: GimpProgram, daemon: Daemon, folder: Path, document: Path
) -> None:
    reopen(gimp, program, document, precision="U16_LINEAR", gray=True)
    before = dumped(gimp, folder, "object")
    harmonized(gimp, strength=0.0)
    assert np.array_equal(dumped(gimp, folder), before), "a strength of nothing changed something"
    reopen(gimp, program, document, precision="U16_LINEAR", gray=True)
    harmonized(gimp)
    result = dumped(gimp, folder)
    assert np.array_equal(result[..., 1], before[..., 1])
    assert not np.array_equal(result, before)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_mask_counts_and_stays(in_place: bool, gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("add_mask")
    before, request = dumped(gimp, folder, "object"), request_of(gimp, folder)
    mask = gimp.do("state")["layers"][0]["mask"]
    harmonized(gimp, result="in-place" if in_place else "new-layer")
    expected = by_client(request, runtime)
    result = dumped(gimp, folder, "object" if in_place else RESULT)
    assert np.array_equal(result[..., :3], expected[..., :3])
    assert np.array_equal(result[..., 3], before[..., 3])
    top = gimp.do("state")["layers"][0]
    assert (top["mask"], top["apply_mask"]) == (mask, True)
    assert not np.array_equal(result, before)


def test_a_mask_that_is_switched_off_does_not_count(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    request = request_of(gimp, folder)
    gimp.do("add_mask", applied=False)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime), request.layer)
    assert gimp.do("state")["layers"][0]["apply_mask"] is False


def test_a_chosen_mask_means_its_layer(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("add_mask")
    gimp.do("edit_mask")
    request = request_of(gimp, folder)
    harmonized(gimp)
    assert np.array_equal(dumped(gimp, folder)[..., :3], by_client(request, runtime)[..., :3])


def test_a_layer_without_alpha_but_with_a_mask(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("drop_alpha", name="object")
    gimp.do("add_mask")
    request = request_of(gimp, folder)
    harmonized(gimp)
    result = dumped(gimp, folder)
    assert result.shape[2] == 3
    assert np.array_equal(result, by_client(request, runtime)[..., :3])


@pytest.mark.parametrize("offsets", [[-60, -40], [430, 280], [150, 60]])
def test_a_layer_that_reaches_beyond_the_picture(
    offsets: list[int], gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path
) -> None:
    gimp.do("set_attributes", offsets=offsets)
    request = request_of(gimp, folder)
    assert request.offset == tuple(offsets)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime), request.layer)
    assert gimp.do("state")["layers"][0]["offsets"] == offsets


@pytest.mark.parametrize("scale", ["larger", "smaller"])
def test_a_layer_larger_or_smaller_than_the_picture(
    scale: str, gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path
) -> None:
    size = [700, 500] if scale == "larger" else [40, 60]
    gimp.do("scale_layer", name="object", size=size)
    request = request_of(gimp, folder)
    assert request.layer.shape == (size[1], size[0], 4)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime), request.layer)


def test_a_layer_in_a_group_stays_in_it(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("to_group", name="group")
    request = request_of(gimp, folder)
    harmonized(gimp)
    assert_same(dumped(gimp, folder), by_client(request, runtime), request.layer)
    group = gimp.do("state")["layers"][0]
    children = [(child["name"].partition(":")[0], child["visible"]) for child in group["children"]]
    assert children == [(RESULT, True), ("object", False)]


@pytest.mark.parametrize("mode", ["NORMAL", "PASS_THROUGH"])
def test_a_group_becomes_a_layer(mode: str, gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("to_group", name="group", mode=mode)
    gimp.do("add_mask", name="group")
    gimp.do("set_attributes", name="group", opacity=80.0, color_tag="BLUE")
    request = request_of(gimp, folder, "group")
    harmonized(gimp, "group", result="in-place")
    result = dumped(gimp, folder, "group (harmonized")
    assert np.array_equal(result, by_client(request, runtime))
    new, group = gimp.do("state")["layers"][:2]
    assert (new["children"], new["mode"], new["color_tag"]) == (None, "normal", "blue")
    assert new["opacity"] == pytest.approx(80.0)
    assert (group["name"], group["visible"], len(group["children"])) == ("group", False, 1)


def test_a_layer_with_filters_keeps_them_and_its_result_has_them_in_it(
    gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path
) -> None:
    gimp.do("add_filter", name="gegl:invert-gamma")
    request = request_of(gimp, folder)
    harmonized(gimp)
    assert np.array_equal(dumped(gimp, folder), by_client(request, runtime))
    new, old = gimp.do("state")["layers"][:2]
    assert (new["filters"], old["filters"]) == ([], ["gegl:invert-gamma"])


def test_a_text_stays_a_text(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("add_text", text="Raiha")
    request = request_of(gimp, folder, "text")
    before = gimp.do("state")["layers"][0]
    harmonized(gimp, "text")
    assert np.array_equal(dumped(gimp, folder, "text (harmonized"), by_client(request, runtime))
    assert gimp.do("state")["layers"][1] == {**before, "visible": False}


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("feather", [0.0, 15.0])
def test_a_selection_limits_the_change(
    feather: float, in_place: bool, gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path
) -> None:
    gimp.do("select_ellipse", **ELLIPSE, feather=feather)
    before = gimp.do("state")
    request = request_of(gimp, folder, selected=True)
    assert request.mask is not None
    harmonized(gimp, result="in-place" if in_place else "new-layer")
    result = dumped(gimp, folder, "object" if in_place else RESULT)
    assert_same(result, by_client(request, runtime), request.layer)
    assert np.array_equal(result[request.mask == 0], request.layer[request.mask == 0])
    after = gimp.do("state")
    assert (after["selection"], after["channels"]) == (before["selection"], before["channels"])


@pytest.mark.parametrize("in_place", [False, True])
def test_a_selection_in_a_flat_picture_is_the_object(
    in_place: bool, gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path
) -> None:
    gimp.do("select_ellipse", **ELLIPSE, feather=15.0)
    request = request_of(gimp, folder, "picture", selected=True)
    assert request.mask is not None
    assert ((request.mask > 0) & (request.mask < 255)).any(), "the selection is soft"
    gimp.do("keep_only", name="picture")
    harmonized(gimp, "picture", result="in-place" if in_place else "new-layer")
    result = dumped(gimp, folder, "picture" if in_place else "picture (harmonized")
    assert_same(result, by_client(request._replace(background=request.layer), runtime), request.layer)
    assert np.array_equal(result[request.mask == 0], request.layer[request.mask == 0])


def test_several_layers_each_with_the_rest(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    gimp.do("copy_layer", name="object", copy="second", x=20, y=120)
    names = ["object", "second"]
    expected = [by_client(request_of(gimp, folder, name), runtime) for name in names]
    answer = gimp.do("harmonize", layers=names, result="in-place")
    assert answer["status"] == "success"
    for name, pixels_expected in zip(names, expected, strict=True):
        assert np.array_equal(dumped(gimp, folder, name), pixels_expected)
    assert sorted(gimp.do("chosen")) == names


def test_a_group_and_what_is_in_it_are_one(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("to_group", name="group")
    assert gimp.do("harmonize", layers=["group", "object"])["status"] == "success"
    names = [layer["name"].partition(":")[0] for layer in gimp.do("state")["layers"]]
    assert names == ["group (harmonized", "group", "picture"]


ATTRIBUTES = {
    "mode": "MULTIPLY",
    "opacity": 41.0,
    "color_tag": "RED",
    "blend_space": "RGB_LINEAR",
    "parasite": "of-another-plugin",
    "lock_alpha": True,
    "lock_position": True,
    "lock_visibility": True,
}


def test_attributes_are_those_of_the_original(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", **ATTRIBUTES)
    gimp.do("set_metadata", tag="Exif.Image.Artist", value="Ada")
    before = gimp.do("state")
    assert "Ada" in before["metadata"]
    harmonized(gimp)
    after = gimp.do("state")
    new, old = after["layers"][:2]
    parasites = {**before["layers"][0]["parasites"], "raiha-adjustments": new["parasites"]["raiha-adjustments"]}
    expected = {**before["layers"][0], "name": new["name"], "parasites": parasites}
    assert {**new, "pixels": None} == {**expected, "pixels": None}
    assert old == {**before["layers"][0], "visible": False}
    assert {**after, "layers": after["layers"][2:]} == {**before, "layers": before["layers"][1:]}


def test_in_place_changes_nothing_but_pixels(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", **ATTRIBUTES)
    gimp.do("set_metadata", tag="Exif.Image.Artist", value="Ada")
    before = gimp.do("state")
    harmonized(gimp, result="in-place")
    after = gimp.do("state")
    assert after["layers"][0]["pixels"] != before["layers"][0]["pixels"]
    done = json.loads(after["layers"][0]["parasites"].pop("raiha-adjustments"))
    assert done["strength"] == 1.0
    assert done["exposure"], "what was adjusted can be read later"
    after["layers"][0]["pixels"] = before["layers"][0]["pixels"]
    assert after == before


def test_references_are_arguments(
    gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path, holidays: PhotoGallery
) -> None:
    photos = sorted(str(photo) for photo in holidays.photos.iterdir())
    options = {"gallery": holidays.name, "references": photos[:1], "excluded": photos[1:2]}
    request = request_of(gimp, folder)
    harmonized(gimp, **options)
    assert_same(dumped(gimp, folder), by_client(request, runtime, **options), request.layer)


def test_a_script_adjusts(gimp: Gimp, daemon: Daemon, runtime: Path, folder: Path) -> None:
    request = request_of(gimp, folder)
    harmonized(gimp, adjust='{"exposure": 1.5}', strength=1.5)
    adjusted = by_client(request, runtime, adjust={"exposure": 1.5}, strength=1.5)
    assert_same(dumped(gimp, folder), adjusted, request.layer)
    name = gimp.do("state")["layers"][0]["name"]
    assert name.startswith("object (harmonized: Exposure +1.50 EV")
