"""A GIMP with a window, and eyes and hands on it: documents, the menu, the dialog of the plug-in, the status bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from common import IMAGES
from gimp_program import Gimp, GimpProgram, Hands
from PIL import Image
from screen import Screen, virtual_screen
from waiting import wait_until

import raiha.backend.client.raiha_texts as texts

MAIN, WELCOME, FILTERS = "GIMP", "Welcome to GIMP", "Filters"
MESSAGE = "GIMP Message"
RESET, FACTORY = "Reset", "Reset to Factory Defaults"
OPEN = "Open"
BUTTON, WORDS = "button", "label"

T = TypeVar("T")


class Desk(NamedTuple):
    """A GIMP with a window.

    Attributes:
        gimp: does what scripts can do.
        hands: sees and works the widgets.
        screen: has the keyboard and takes pictures.
        program: the GIMP that runs.
        folder: where pictures of what went wrong are put.
    """

    gimp: Gimp
    hands: Hands
    screen: Screen
    program: GimpProgram
    folder: Path

    def wait(self, condition: Callable[[], T], what: str) -> T:
        """Wait until something is so; if it never is, say what the screen shows."""
        try:
            return wait_until(condition, what)
        except TimeoutError as error:
            picture = self.folder / "in-vain.png"
            self.screen.grab().save(picture)
            raise AssertionError(f"{error}; the screen is in {picture}; there are {self.everything()}") from error

    def everything(self) -> dict[str, list[str]]:
        """Return what all windows show, for the message of a failure."""
        found = {}
        for title in self.hands.do("windows"):
            widgets = self.hands.do("see", window=title)
            found[title] = [f"{widget['role']} {widget['name']!r}" for widget in widgets]
        return found

    def open(self, document: Path) -> None:
        """Open a document in the window."""
        self.gimp.do("new_image", path=self.program.inside(document))
        self.gimp.do("show_image")
        if self.screen.window(WELCOME) is not None:
            self.screen.xdotool("windowunmap", "--sync", self.screen.window(WELCOME) or "")
        self.key("shift+ctrl+j")

    def key(self, key: str, window: str = MAIN) -> None:
        """Press a key in a window."""
        found = self.wait(lambda: self.screen.window(f"{window}$"), f"the window {window!r}")
        self.screen.press(found, key)

    def close_dialogs(self) -> None:
        """Close what a test left open."""
        for title in self.hands.do("windows"):
            if title == texts.TITLE:
                self.hands.do("press", window=title, role=BUTTON, name=texts.CANCEL)

    def picture(self) -> Image.Image:
        """Return what the main window looks like."""
        return self.picture_of(MAIN)

    def picture_of(self, title: str) -> Image.Image:
        """Return what a window looks like."""
        window = self.wait(lambda: self.screen.window(f"{title}$"), f"the window {title!r}")
        return self.screen.settle().crop(self.screen.area(window))

    def message(self) -> list[str]:
        """Wait for GIMP's window with a message, close it, and return the words that are in it."""
        self.wait(lambda: MESSAGE in self.hands.do("windows"), "a message of GIMP")
        words = [widget["name"] for widget in self.hands.do("find", window=MESSAGE, role=WORDS)]
        self.key("Escape", MESSAGE)
        self.wait(lambda: MESSAGE not in self.hands.do("windows"), "the message to go")
        return words

    def begin(self, picture: str | None = None) -> Dialog:
        """Choose Filters > Harmonize... and return the dialog."""
        self.choose_from_menu(picture)
        return self.dialog()

    def choose_from_menu(self, picture: str | None = None) -> None:
        """Choose Filters > Harmonize..., keeping a picture of the menu under that name."""
        self.key("alt+r")
        where = {"window": MAIN, "menu": FILTERS, "name": texts.MENU_ENTRY}
        self.wait(lambda: self.hands.do("shows_entry", **where), "the menu")
        if picture is not None:
            save(self.picture(), picture)
        self.hands.do("choose_entry", **where)

    def dialog(self) -> Dialog:
        """Return the dialog once it is there."""
        self.wait(lambda: texts.TITLE in self.hands.do("windows"), "the dialog")
        return Dialog(self)

    def wait_for_change(self, before: dict[str, Any]) -> dict[str, Any]:
        """Wait until the document is another than before and the plug-in has ended; return what it is."""
        self.wait(lambda: self.gimp.do("state") != before, "a change of the document")
        self.wait_for_end()
        found: dict[str, Any] = self.gimp.do("state")
        return found

    def wait_for_end(self) -> None:
        """Wait until the plug-in has ended."""
        self.wait(lambda: not self.program.plugin_processes(), "the plug-in to end")

    def undo(self, after: dict[str, Any]) -> dict[str, Any]:
        """Press Ctrl+Z once; return what the document is then."""
        self.key("ctrl+z")
        return self.wait_for_change(after)


class Dialog:
    """The dialog of Filters > Harmonize."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _do(self, action: str, **arguments: Any) -> Any:
        return self._desk.hands.do(action, window=texts.TITLE, **arguments)

    def wait_for_preview(self) -> None:
        """Wait until a preview is shown and no other is being made."""
        self._desk.wait(lambda: self._do("find", role=WORDS, name=texts.PREVIEW_HINT), "the preview")
        # What a screen reader is told may not be drawn yet; a photo has more colours than words have.
        self._desk.wait(lambda: self.preview().getcolors() is None, "the preview on the screen")

    def wait_for_references(self, expected: Callable[[list[str]], Any]) -> list[str]:
        """Wait for a preview whose list of references is as expected; return the list."""

        def seen() -> bool:
            return bool(self._do("find", role=WORDS, name=texts.PREVIEW_HINT) and expected(self.references))

        self._desk.wait(seen, "a preview with the references that are expected")
        return self.references

    @property
    def words(self) -> list[str]:
        """All words that are shown."""
        return [widget["name"] for widget in self._do("find", role=WORDS)]

    @property
    def references(self) -> list[str]:
        """What the lines of the list are called."""
        return [widget["name"] for widget in self._do("find", role="list item")]

    @property
    def settings(self) -> dict[str, Any]:
        """What is set: the strength in percent, and the words that are chosen beside the labels."""
        lists = {name: self._do("chosen", name=name) for name in (texts.WHAT, texts.GALLERY, texts.PLACEMENT)}
        return {texts.STRENGTH: self._do("number", name=texts.STRENGTH), **lists}

    def choose(self, label: str, entry: str) -> None:
        """Choose an entry of the list beside a label."""
        self._do("choose", name=label, entry=entry)
        self._desk.wait(lambda: self._do("chosen", name=label) == entry, f"{entry!r} to be chosen")

    def number(self, label: str) -> float:
        """Return the number in the field beside a label."""
        return float(self._do("number", name=label))

    def set_number(self, label: str, value: float) -> None:
        """Put a number into the field beside a label."""
        self._do("set_number", name=label, value=value)

    def double_click(self, label: str) -> None:
        """Click twice on a label."""
        left, top, width, height = self._do("area", role=WORDS, name=label)
        self._desk.screen.double_click((left + width // 2, top + height // 2))

    def wait_for_words(self, words: str) -> None:
        """Wait until words are shown."""
        self._desk.wait(lambda: words in self.words, f"the words {words!r}")

    def select(self, reference: str) -> None:
        """Select the reference whose line begins with a name."""
        names = [line.startswith(reference) for line in self.references]
        self._do("select", role="list box", number=names.index(True))

    def press(self, button: str) -> None:
        """Press a button."""
        self._do("press", role=BUTTON, name=button)

    def press_and_see(self, button: str, instead: str) -> None:
        """Press a button that then says something else."""
        self.press(button)
        self._desk.wait(lambda: self._do("find", role=BUTTON, name=instead), f"the button {instead!r}")

    def key(self, key: str) -> None:
        """Press a key."""
        self._desk.key(key, texts.TITLE)

    def choose_photo(self, path: Path) -> None:
        """Choose a photo from the disk, typing its path."""
        hands = self._desk.hands
        self.press(texts.REFERENCE_CHOOSE)
        self._desk.wait(lambda: texts.REFERENCE_CHOOSE_TITLE in hands.do("windows"), "the window that asks for a photo")
        self._desk.key("ctrl+l", texts.REFERENCE_CHOOSE_TITLE)
        self._desk.screen.settle()
        self._desk.screen.type(str(path))

        self._desk.screen.settle()
        # While GTK still looks into the folder, Open does nothing.
        where = {"window": texts.REFERENCE_CHOOSE_TITLE, "role": BUTTON, "name": OPEN}
        self._desk.wait(lambda: hands.do("press_until_closed", **where), "that window to close")

    def reset(self, how: str) -> None:
        """Press GIMP's own Reset, and then one of its two kinds."""
        self.press(RESET)
        self._desk.wait(lambda: self._do("find", role=BUTTON, name=how), f"the button {how!r}")
        self.press(how)

    def focus_preview(self) -> None:
        """Give the keyboard to the preview."""
        self._do("focus", role="panel", name=texts.PREVIEW)

    def drag_line(self, start: float, end: float) -> None:
        """Drag the line of the preview from one place to another, 0 (left) to 1 (right)."""
        left, top, width, height = self._do("area", role="panel", name=texts.PREVIEW)
        middle = top + height // 2
        self._desk.screen.drag((left + round(start * width), middle), (left + round(end * width), middle))

    def preview(self) -> Image.Image:
        """Return what the preview looks like."""
        left, top, width, height = self._do("area", role="panel", name=texts.PREVIEW)
        return self._desk.screen.settle().crop((left, top, left + width, top + height))

    def changed_preview(self, before: Image.Image) -> Image.Image:
        """Wait for a preview that looks otherwise than before; return what it looks like at rest."""
        self._desk.wait(lambda: self.preview() != before, "another picture in the preview")
        return self.preview()

    def wait_for_preview_as(self, wanted: Image.Image) -> None:
        """Wait for a preview that looks as wanted."""
        self._desk.wait(lambda: self.preview() == wanted, "the wanted picture in the preview")

    def picture(self) -> Image.Image:
        """Return what the dialog looks like."""
        return self._desk.picture_of(texts.TITLE)

    def from_top_to_bottom(self, labels: Sequence[str]) -> list[str]:
        """Return labels in the order in which they stand in the dialog."""
        return sorted(labels, key=lambda label: int(self._do("area", role=WORDS, name=label)[1]))

    def wait_for_close(self) -> None:
        """Wait until the dialog is closed."""
        self._desk.wait(lambda: texts.TITLE not in self._desk.hands.do("windows"), "the dialog to close")

    def harmonize(self) -> None:
        """Press the button that does it."""
        self.press(texts.APPLY)
        self.wait_for_close()


@contextmanager
def new_desk(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Desk]:
    """Run a GIMP with a window until the end of the block."""
    with (
        virtual_screen(program.root) as screen,
        program.session(folder),
        program.running(folder, runtime, screen.number) as gimp,
        program.hands(folder, screen.number) as hands,
    ):
        yield Desk(gimp, hands, screen, program, folder)


def save(picture: Image.Image, name: str) -> None:
    """Keep a picture for the guide."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"gimp-{name}.png", optimize=True)
