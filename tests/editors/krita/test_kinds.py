"""Every kind of layer through Filter > Harmonize Again in a real Krita, with a real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from asked import Pixels, answer_of_command, answer_without_krita, pixels_of
from common import object_layer, picture_layer, running_daemon, write_ora
from krita_program import KritaProgram

SIZE = (512, 342)
SELECTED = (40, 30, 60, 80)
PARTS = (
    "plain u16 u16-linear f16-linear f32-linear wide-gamut",
    "gray gray-linear cmyk lab selection selection-cmyk",
    "mask in-group group off-canvas animated vector flat",
)
"""The kinds that one Krita goes through."""
TRAVEL_AS_THEY_ARE = (
    *("plain", "u16", "u16-linear", "f16-linear", "f32-linear", "wide-gamut", "gray", "gray-linear"),
    *("in-group", "off-canvas"),
)
IN_FILES = ("plain", "u16", "u16-linear", "f32-linear", "wide-gamut", "off-canvas")
FLATTENED = ("group", "vector")
CONVERTED = ("cmyk", "lab")


class Run(NamedTuple):
    """A run through all kinds."""

    krita: KritaProgram
    runtime: Path
    environment: dict[str, str]
    kinds: dict[str, Any]
    folders: dict[str, Path]

    def expected(self, kind: str, layer: Pixels, mask: Pixels | None = None) -> Pixels:
        asked, folder = self.kinds[kind]["asked"], self.folders[kind]
        return answer_without_krita(self.krita, self.runtime, asked, folder, layer, mask)

    def pixels(self, kind: str, what: str) -> Pixels:
        found = self.kinds[kind]
        file = found["pixels"] if what == "result" else found["asked"][what]
        return pixels_of(found["asked"], self.folders[kind], file)


@pytest.fixture(scope="module")
def run(krita: KritaProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("kinds")
    layers = [picture_layer(SIZE), object_layer(260, 120, 160)]
    document = write_ora(folder / "kinds.ora", layers, "object", SIZE)
    runtime = krita.work / f"runtime-kinds-{krita.name}"
    with running_daemon(runtime, folder / "data") as daemon:
        kinds: dict[str, Any] = {}
        folders: dict[str, Path] = {}
        for part in PARTS:
            name = f"kinds-{part.split()[0]}"
            found, out = krita.run("kinds", [document], runtime, name, RAIHA_TEST_KINDS=part)
            kinds |= found
            folders |= dict.fromkeys(found, out)
        yield Run(krita, runtime, daemon.environment, kinds, folders)


@pytest.mark.parametrize("kind", TRAVEL_AS_THEY_ARE)
def test_result_equals_the_daemons_answer_to_the_same_pixels(run: Run, kind: str) -> None:
    layer = run.pixels(kind, "pixels")
    result = run.pixels(kind, "result")
    np.testing.assert_array_equal(result, run.expected(kind, layer))
    np.testing.assert_array_equal(result[..., -1], layer[..., -1])
    assert np.any(result != layer)


@pytest.mark.parametrize("kind", IN_FILES)
def test_result_equals_what_raiha_harmonize_writes(run: Run, kind: str) -> None:
    asked, layer = run.kinds[kind]["asked"], run.pixels(kind, "pixels")
    wanted = answer_of_command(run.krita, run.environment, asked, run.folders[kind], layer)
    np.testing.assert_array_equal(run.pixels(kind, "result"), wanted)


@pytest.mark.parametrize("kind", FLATTENED)
def test_what_has_no_pixels_of_its_own_becomes_a_paint_layer(run: Run, kind: str) -> None:
    result = run.pixels(kind, "result")
    assert run.kinds[kind]["type"] == "paintlayer"
    np.testing.assert_array_equal(result, run.expected(kind, run.pixels(kind, "projection")))


@pytest.mark.parametrize("kind", CONVERTED)
def test_other_colour_models_are_converted_and_keep_alpha(run: Run, kind: str) -> None:
    layer, result = run.pixels(kind, "pixels"), run.pixels(kind, "result")
    np.testing.assert_array_equal(result[..., -1], layer[..., -1])
    assert np.any(result[..., :-1] != layer[..., :-1])


def test_transparency_mask_says_where_the_object_is_and_stays(run: Run) -> None:
    layer = run.pixels("mask", "pixels")
    seen = layer.copy()
    seen[..., -1] = run.pixels("mask", "projection")[..., -1]
    wanted = run.expected("mask", seen)
    wanted[..., -1] = layer[..., -1]
    np.testing.assert_array_equal(run.pixels("mask", "result"), wanted)
    assert run.kinds["mask"]["children"] == ["transparencymask"]
    assert not seen[:, : seen.shape[1] // 2, -1].any()


@pytest.mark.parametrize("kind", ["selection", "selection-cmyk"])
def test_selection_limits_the_change(run: Run, kind: str) -> None:
    layer, result = run.pixels(kind, "pixels"), run.pixels(kind, "result")
    mask = np.zeros(layer.shape[:2], np.uint8)
    x, y, width, height = SELECTED
    mask[y : y + height, x : x + width] = 255
    np.testing.assert_array_equal(result[mask == 0], layer[mask == 0])
    assert np.any(result != layer)
    if kind == "selection":
        np.testing.assert_array_equal(result, run.expected(kind, layer, mask))


def test_selection_in_a_flat_picture_is_the_object_and_counts_softly(run: Run) -> None:
    layer, result = run.pixels("flat", "pixels"), run.pixels("flat", "result")
    mask = np.zeros(layer.shape[:2], np.uint8)
    x, y, width, height = SELECTED
    mask[y : y + height // 2, x : x + width] = 255
    mask[y + height // 2 : y + height, x : x + width] = 100
    asked = {**run.kinds["flat"]["asked"], "background": run.kinds["flat"]["asked"]["pixels"]}
    wanted = answer_without_krita(run.krita, run.runtime, asked, run.folders["flat"], layer, mask)
    np.testing.assert_array_equal(result, wanted)
    np.testing.assert_array_equal(result[mask == 0], layer[mask == 0])
    assert np.any(result != layer)


def test_animated_layer_gives_its_current_frame(run: Run) -> None:
    layer = run.pixels("animated", "pixels")
    np.testing.assert_array_equal(run.pixels("animated", "result"), run.expected("animated", layer))


def test_result_lies_beside_the_layer_and_the_layer_is_hidden(run: Run) -> None:
    assert run.kinds["in-group"]["parent"] == "group"
    assert not any(found["original_visible"] for found in run.kinds.values())


def test_two_undo_steps_take_everything_back_and_redo_brings_it_again(run: Run) -> None:
    assert {kind: (found["undone"], found["redone"]) for kind, found in run.kinds.items()} == dict.fromkeys(
        run.kinds, (True, True)
    )
