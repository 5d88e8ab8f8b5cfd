"""GIMP with its window: the menu, the dialog, the status bar, undo, Repeat; and the pictures of the guide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from common import IMAGES, SAMPLES, Daemon, object_layer, picture_layer, raiha, write_ora
from gimp_program import Gimp, GimpProgram
from screen import Screen, virtual_screen, wait_until

DOCUMENT = (960, 641)
MAIN, DIALOG, WELCOME = " – GIMP$", "^Harmonize$", "^Welcome to GIMP"
RESULT = "object (harmonized)"


class Desk(NamedTuple):
    """A GIMP with a window, and the hands on it."""

    gimp: Gimp
    screen: Screen
    program: GimpProgram

    def open(self, document: Path) -> str:
        """Open a document; return its window."""
        self.gimp.do("new_image", path=self.program.inside(document))
        self.gimp.do("show_image")
        window = self.screen.window(MAIN)
        if self.screen.has_window(WELCOME):
            self.screen.xdotool("windowunmap", "--sync", self.screen.window(WELCOME))
        self.screen.keys(window, "shift+ctrl+j")
        return window

    def choose_from_menu(self, window: str, keep: str | None = None) -> None:
        """Filters > Harmonize..., the last entry of the menu."""
        self.screen.keys(window, "alt+r", "Up")
        if keep:
            save(self.screen.settle(), keep)
        self.screen.keys(window, "Return")

    def wait_for_change(self, before: dict[str, Any]) -> dict[str, Any]:
        """Wait until the document is another than before and the plug-in has ended; return what it is."""
        wait_until(lambda: self.gimp.do("state") != before)
        self.screen.settle()
        return self.gimp.do("state")


@pytest.fixture(scope="module")
def desk(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Desk]:
    with virtual_screen(program.root) as screen, program.running(folder, runtime, screen.number) as gimp:
        yield Desk(gimp, screen, program)


@pytest.fixture(scope="module")
def photo(folder: Path) -> Path:
    layers = [picture_layer(DOCUMENT), object_layer(520, 200, 340)]
    return write_ora(folder / "photo.ora", layers, "object", DOCUMENT)


@pytest.fixture
def window(desk: Desk, photo: Path) -> Iterator[str]:
    yield desk.open(photo)
    desk.gimp.do("close_window")


@pytest.fixture(scope="module")
def holidays(daemon: Daemon) -> str:
    raiha(daemon.environment, "index", SAMPLES / "photos", "--gallery", "holidays")
    return "holidays"


def save(picture: Any, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"gimp-{name}.png", optimize=True)


def has_preview(screen: Screen, dialog: str) -> bool:
    """Return whether there is a photo in the left half of the dialog."""
    left, top, right, bottom = screen.area(dialog)
    half = np.asarray(screen.grab())[top:bottom, left : (left + right) // 2].reshape(-1, 3)
    return len(np.unique(half, axis=0)) > 5000


def test_from_the_menu_to_undo(desk: Desk, window: str, daemon: Daemon, holidays: str) -> None:
    before = desk.gimp.do("state")
    desk.choose_from_menu(window, keep="menu")
    dialog = desk.screen.window(DIALOG)
    wait_until(lambda: has_preview(desk.screen, dialog))
    save(desk.screen.settle(), "dialog")
    desk.screen.keys(dialog, "Return")
    wait_until(lambda: not desk.screen.has_window(DIALOG))
    after = desk.wait_for_change(before)
    assert [(layer["name"], layer["visible"]) for layer in after["layers"]] == [
        (RESULT, True),
        ("object", False),
        ("picture", True),
    ]
    save(desk.screen.settle(), "result")
    undone = undo(desk, window, after)
    assert undone == before
    assert not desk.gimp.do("is_dirty")


def undo(desk: Desk, window: str, after: dict[str, Any]) -> dict[str, Any]:
    desk.screen.keys(window, "ctrl+z")
    return desk.wait_for_change(after)
