"""GIMP with its window: the menu, the status bar, undo, Repeat and Re-show; and the pictures of the guide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from common import Daemon
from desk import BUTTON, MAIN, WORDS, Desk, save
from street import PhotoGallery
from waiting import is_busy

import raiha.backend.client.raiha_texts as texts

RESULT = "object (harmonized"
"""What the name of a result begins with."""


def layers(state: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(layer["name"].partition(":")[0], layer["visible"]) for layer in state["layers"]]


def test_from_the_menu_to_undo_and_once_more(desk: Desk, daemon: Daemon, holidays: PhotoGallery) -> None:
    before = desk.gimp.do("state")
    dialog = desk.begin(picture="menu")
    dialog.wait_for_preview()
    dialog.choose(texts.GALLERY, texts.gallery_label(holidays.name, 3))
    dialog.wait_for_references(lambda found: len(found) == 3)
    dialog.focus_preview()
    for _ in range(5):
        dialog.key("Left")
    save(dialog.picture(), "dialog")
    chosen = dialog.settings
    dialog.harmonize()
    after = desk.wait_for_change(before)
    assert layers(after) == [(RESULT, True), ("object", False), ("picture", True)]
    save(desk.picture(), "result")
    assert desk.undo(after) == before
    assert not desk.gimp.do("is_dirty")
    desk.key("ctrl+f")
    assert desk.wait_for_change(before) == after, "Repeat does the same again"
    assert desk.undo(after) == before
    desk.key("shift+ctrl+f")
    dialog = desk.dialog()
    dialog.wait_for_references(lambda found: len(found) == 3)
    assert dialog.settings == chosen
    dialog.key("Escape")
    dialog.wait_for_close()
    desk.wait_for_end()
    assert desk.gimp.do("state") == before
    assert not desk.gimp.do("is_dirty")


@pytest.mark.parametrize("result", ["new-layer", "in-place"])
@pytest.mark.parametrize("chosen", [["object"], ["object", "second"]])
def test_one_undo_for_everything(result: str, chosen: list[str], desk: Desk, daemon: Daemon) -> None:
    desk.gimp.do("copy_layer", name="object", copy="second", x=40, y=200)
    desk.gimp.do("add_mask")
    desk.gimp.do("select_ellipse", x=90, y=250, width=700, height=200, feather=20.0)
    desk.gimp.do("forget_history")
    before = desk.gimp.do("state")
    assert desk.gimp.do("harmonize", layers=chosen, result=result)["status"] == "success"
    after = desk.gimp.do("state")
    assert after != before
    assert desk.undo(after) == before
    assert not desk.gimp.do("is_dirty")


def test_an_error_is_a_message_of_gimp_that_says_what_to_do(desk: Desk) -> None:
    desk.gimp.do("set_attributes", name="picture", visible=False)
    desk.choose_from_menu()
    sentence, remedy = (words.format(layer="object") for words in texts.LAYER_ALONE)
    assert f"{sentence} {remedy}" in desk.message()
    assert texts.TITLE not in desk.hands.do("windows")


def test_the_layer_above_is_offered_in_place_of_the_picture(desk: Desk, daemon: Daemon) -> None:
    before = desk.gimp.do("state")
    desk.gimp.do("choose", names=["picture"])
    desk.choose_from_menu()
    names = {"layer": "picture", "above": "object"}
    question = {"window": texts.TITLE, "role": BUTTON, "name": texts.LAYER_ABOVE_YES.format(**names)}
    desk.wait(lambda: texts.TITLE in desk.hands.do("windows"), "the question")
    words = [widget["name"] for widget in desk.hands.do("find", window=texts.TITLE, role=WORDS)]
    assert texts.LAYER_BELOW.format(**names) in words
    desk.hands.do("press", **question)
    dialog = desk.dialog()
    dialog.wait_for_preview()
    dialog.harmonize()
    assert layers(desk.wait_for_change(before)) == [(RESULT, True), ("object", False), ("picture", True)]


def test_the_status_bar_tells_progress_and_cancels(desk: Desk, elsewhere: Path, held: Daemon) -> None:
    before = desk.gimp.do("state")
    dialog = desk.begin()
    desk.wait(lambda: is_busy(elsewhere), "the preview to begin")
    dialog.harmonize()
    desk.wait(lambda: is_busy(elsewhere), "the layer's own job to begin")
    # How far the bar is does not count: GIMP leaves out a value that comes before it has laid the bar out.
    desk.wait(lambda: desk.hands.do("progress", window=MAIN) is not None, "progress in the status bar")
    save(desk.picture(), "progress")
    desk.hands.do("press", window=MAIN, role=BUTTON, name=texts.CANCEL)
    desk.wait_for_end()
    desk.wait(lambda: not is_busy(elsewhere), "the daemon to stop its job")
    assert desk.gimp.do("state") == before
    assert not desk.gimp.do("is_dirty")
