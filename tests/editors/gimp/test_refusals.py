"""What cannot be harmonized is refused in a clear sentence, and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from common import Daemon
from gimp_program import Gimp, GimpProgram

import raiha.backend.client.raiha_texts as texts


def refused(gimp: Gimp, layers: list[str], words: tuple[str, str], **options: Any) -> None:
    before = gimp.do("state")
    answer = gimp.do("harmonize", layers=layers, **options)
    names = {"layer": layers[0]}
    assert answer == {"status": "execution-error", "message": " ".join(words).format(**names)}
    assert gimp.do("state") == before


def test_indexed_colours(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("to_indexed")
    refused(gimp, ["object"], texts.INDEXED_COLOURS)


def test_a_flat_picture_without_a_selection(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("keep_only", name="picture")
    refused(gimp, ["picture"], texts.LAYER_COVERS)
    gimp.do("select_all")
    refused(gimp, ["picture"], texts.SELECTION_WHOLE)


def test_the_picture_in_place_of_the_object(gimp: Gimp, daemon: Daemon) -> None:
    refused(gimp, ["picture"], texts.LAYER_COVERS)


def test_no_daemon_is_started_for_what_is_refused(gimp: Gimp, program: GimpProgram, elsewhere: Path) -> None:
    asked = elsewhere / "asked"
    command = ["/bin/sh", "-c", f"touch {program.inside(asked)}; sleep 600"]
    record = {"command": command, "runtime_folder": program.inside(elsewhere)}
    (program.plugin / "raiha_daemon.json").write_text(json.dumps(record))
    gimp.do("clear", name="object")
    refused(gimp, ["object"], texts.LAYER_EMPTY)
    assert not asked.exists()


def test_no_other_layer(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("keep_only", name="object")
    refused(gimp, ["object"], texts.LAYER_ALONE)


def test_no_other_visible_layer(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", name="picture", visible=False)
    refused(gimp, ["object"], texts.LAYER_ALONE)


def test_no_other_layer_that_shows_anything(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("clear", name="picture")
    refused(gimp, ["object"], texts.LAYER_ALONE)


def test_a_hidden_layer(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", visible=False)
    refused(gimp, ["object"], texts.LAYER_HIDDEN)


def test_a_layer_in_a_hidden_group(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("to_group", name="group")
    gimp.do("set_attributes", name="group", visible=False)
    refused(gimp, ["object"], texts.LAYER_HIDDEN)


def test_an_empty_layer(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("clear", name="object")
    refused(gimp, ["object"], texts.LAYER_EMPTY)


def test_locked_pixels_in_place(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", lock_content=True)
    refused(gimp, ["object"], texts.LAYER_LOCKED, result="in-place")


def test_locked_pixels_may_have_a_new_layer(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("set_attributes", lock_content=True)
    assert gimp.do("harmonize", layers=["object"])["status"] == "success"


def test_a_selection_elsewhere(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("select_ellipse", x=2, y=2, width=20, height=20)
    refused(gimp, ["object"], texts.SELECTION_ELSEWHERE)


def test_a_floating_selection(gimp: Gimp, daemon: Daemon) -> None:
    gimp.do("float_selection")
    answer = gimp.do("harmonize", layers=["picture"])
    assert answer["status"] == "execution-error"
    assert answer["message"] == " ".join(texts.FLOATING_SELECTION)


def test_a_gallery_that_is_not_there(gimp: Gimp, daemon: Daemon) -> None:
    before = gimp.do("state")
    answer = gimp.do("harmonize", layers=["object"], gallery="no such gallery")
    assert answer["status"] == "execution-error"
    assert "no such gallery" in answer["message"]
    assert gimp.do("state") == before


def test_adjustments_that_are_none(gimp: Gimp, daemon: Daemon) -> None:
    answer = gimp.do("harmonize", layers=["object"], adjust='{"glow": 1}')
    assert answer["message"].startswith(texts.ADJUST_UNKNOWN[0])


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_every_option_is_an_argument(strength: float, gimp: Gimp, daemon: Daemon) -> None:
    found = gimp.do("arguments")
    finish = ["clean-edge", "match-grain", "match-sharpness"]
    own = ["strength", "change", "gallery", "references", "excluded", "adjust", *finish, "result"]
    assert found["arguments"] == ["run-mode", "image", "drawables", *own]
    assert (found["label"], found["menus"]) == ("_Harmonize...", ["<Image>/Filters"])
    before = gimp.do("state")["layers"][0]["pixels"]
    status = gimp.do("harmonize", layers=["object"], strength=strength, change="luminance", result="in-place")
    assert status["status"] == "success"
    assert (gimp.do("state")["layers"][0]["pixels"] == before) == (strength == 0.0)
