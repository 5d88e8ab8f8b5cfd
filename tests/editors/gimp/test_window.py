"""GIMP with its window: the menu, the dialog, the status bar, undo, Repeat; and the pictures of the guide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from common import IMAGES, Daemon, raiha, write_ora
from gimp_program import Gimp, GimpProgram
from screen import Screen, virtual_screen
from street import SIZE, photos_of_the_street, street_with_a_car
from waiting import is_busy, wait_until

MAIN, DIALOG, WELCOME = "GIMP$", "^Harmonize$", "^Welcome to GIMP"
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
        wait_until(lambda: self.gimp.do("open_images") == 1)
        return self.gimp.do("state")


@pytest.fixture(scope="module")
def desk(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Desk]:
    with virtual_screen(program.root) as screen, program.running(folder, runtime, screen.number) as gimp:
        yield Desk(gimp, screen, program)


@pytest.fixture(scope="module")
def photo(folder: Path) -> Path:
    return write_ora(folder / "photo.ora", street_with_a_car(), "object", SIZE)


@pytest.fixture
def window(desk: Desk, photo: Path) -> Iterator[str]:
    yield desk.open(photo)
    desk.gimp.do("close_window")


@pytest.fixture(scope="module")
def holidays(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> str:
    photos = photos_of_the_street(tmp_path_factory.mktemp("holidays") / "photos")
    raiha(daemon.environment, "index", photos, "--gallery", "holidays")
    return "holidays"


def save(picture: Any, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"gimp-{name}.png", optimize=True)


def colours(screen: Screen, dialog: str, left: float, right: float) -> int:
    """Return how many colours there are between two places of the dialog's width: a photo has thousands."""
    start, top, end, bottom = screen.area(dialog)
    width = end - start
    part = np.asarray(screen.grab())[top:bottom, start + round(left * width) : start + round(right * width)]
    return len(np.unique(part.reshape(-1, 3), axis=0))


def wait_for_preview(screen: Screen) -> str:
    dialog = screen.window(DIALOG)
    wait_until(lambda: colours(screen, dialog, 0.0, 0.5) > 5000)
    return dialog


def choose_gallery(screen: Screen, dialog: str) -> None:
    """Choose the gallery that follows None, and wait for the thumbnails of its references."""
    _, top, right, _ = screen.area(dialog)
    screen.click(right - 150, top + 120)
    screen.settle()
    screen.xdotool("key", "Down")
    screen.xdotool("key", "Return")
    wait_until(lambda: colours(screen, dialog, 0.7, 0.95) > 3000)


def harmonize(screen: Screen, dialog: str) -> None:
    screen.keys(dialog, "alt+h")
    wait_until(lambda: not screen.has_window(DIALOG))


def layers(state: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(layer["name"], layer["visible"]) for layer in state["layers"]]


def test_from_the_menu_to_undo_and_once_more(desk: Desk, window: str, daemon: Daemon, holidays: str) -> None:
    before = desk.gimp.do("state")
    desk.choose_from_menu(window, keep="menu")
    dialog = wait_for_preview(desk.screen)
    choose_gallery(desk.screen, dialog)
    left, top, right, bottom = desk.screen.area(dialog)
    halved = desk.screen.settle()
    desk.screen.click(left + 220, top + 300)
    assert desk.screen.settle() != halved, "the line was not moved"
    save(desk.screen.grab().crop((left, top, right, bottom)), "dialog")
    harmonize(desk.screen, dialog)
    after = desk.wait_for_change(before)
    assert layers(after) == [(RESULT, True), ("object", False), ("picture", True)]
    save(desk.screen.settle(), "result")
    assert undo(desk, window, after) == before
    assert not desk.gimp.do("is_dirty")
    desk.screen.press(window, "ctrl+f")
    assert desk.wait_for_change(before) == after, "Repeat does the same again"
    assert undo(desk, window, after) == before
    desk.screen.press(window, "shift+ctrl+f")
    dialog = wait_for_preview(desk.screen)
    wait_until(lambda: colours(desk.screen, dialog, 0.7, 0.95) > 3000)
    desk.screen.press(dialog, "Escape")
    wait_until(lambda: not desk.screen.has_window(DIALOG))
    assert desk.gimp.do("state") == before
    assert not desk.gimp.do("is_dirty")


def undo(desk: Desk, window: str, after: dict[str, Any]) -> dict[str, Any]:
    """Press Ctrl+Z once; return what the document is then."""
    desk.screen.press(window, "ctrl+z")
    return desk.wait_for_change(after)


@pytest.mark.parametrize("result", ["new-layer", "in-place"])
@pytest.mark.parametrize("chosen", [["object"], ["object", "second"]])
def test_one_undo_for_everything(result: str, chosen: list[str], desk: Desk, window: str, daemon: Daemon) -> None:
    desk.gimp.do("copy_layer", name="object", copy="second", x=40, y=200)
    desk.gimp.do("add_mask")
    desk.gimp.do("select_ellipse", x=90, y=250, width=700, height=200, feather=20.0)
    desk.gimp.do("forget_history")
    before = desk.gimp.do("state")
    assert desk.gimp.do("harmonize", layers=chosen, result=result)["status"] == "success"
    after = desk.gimp.do("state")
    assert after != before
    assert undo(desk, window, after) == before
    assert not desk.gimp.do("is_dirty")


def test_cancel_in_the_status_bar_changes_nothing(desk: Desk, window: str, elsewhere: Path, held: Daemon) -> None:
    before = desk.gimp.do("state")
    desk.choose_from_menu(window)
    dialog = desk.screen.window(DIALOG)
    wait_until(lambda: is_busy(elsewhere))
    harmonize(desk.screen, dialog)
    wait_until(lambda: is_busy(elsewhere))
    save(desk.screen.settle(), "progress")
    left, _, _, bottom = desk.screen.area(window)
    desk.screen.click(left + 815, bottom - 17)
    wait_until(lambda: not is_busy(elsewhere))
    wait_until(lambda: desk.gimp.do("open_images") == 1)
    assert desk.gimp.do("state") == before
    assert not desk.gimp.do("is_dirty")
