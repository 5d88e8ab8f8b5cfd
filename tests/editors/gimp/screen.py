"""A virtual screen with a keyboard and a mouse: Xvfb, and the xdotool of the chroot."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageGrab
from waiting import PAUSE

SIZE = (1280, 860)
SETTLING = 50
"""Pictures until one is taken that still changes."""


@dataclass(frozen=True)
class Screen:
    """A screen.

    Attributes:
        number: of the X display.
        root: the chroot whose xdotool is used.
    """

    number: int
    root: Path

    def xdotool(self, *arguments: str | int) -> str:
        """Run xdotool and return what it says, nothing if it found nothing."""
        command = ["/usr/sbin/chroot", str(self.root), "xdotool", *map(str, arguments)]
        variables = {"DISPLAY": f":{self.number}", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False).stdout

    def window(self, name: str) -> str | None:
        """Return the id of the newest window whose title matches, or None."""
        found = self.xdotool("search", "--onlyvisible", "--name", name).split()
        return found[-1] if found else None

    def press(self, window: str, key: str) -> None:
        """Press a key in a window."""
        self.xdotool("windowfocus", "--sync", window)
        self.xdotool("key", "--clearmodifiers", key)

    def type(self, text: str) -> None:
        """Type a text in the window that has the keyboard."""
        self.xdotool("type", text)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the left button at a place, and let it go at another."""
        self.xdotool("mousemove", *start, "mousedown", 1, "mousemove", *end, "mouseup", 1)

    def double_click(self, place: tuple[int, int]) -> None:
        """Click twice with the left button."""
        self.xdotool("mousemove", *place, "click", "--repeat", 2, "--delay", 50, 1)

    def area(self, window: str) -> tuple[int, int, int, int]:
        """Return where a window is: left, top, right and bottom."""
        lines = self.xdotool("getwindowgeometry", "--shell", window).splitlines()
        values = dict(line.split("=") for line in lines)
        left, top = int(values["X"]), int(values["Y"])
        return left, top, left + int(values["WIDTH"]), top + int(values["HEIGHT"])

    def grab(self) -> Image.Image:
        """Return the picture on the screen."""
        return ImageGrab.grab(xdisplay=f":{self.number}").convert("RGB")

    def settle(self) -> Image.Image:
        """Return the picture once it has not changed for a moment; a clock or a running line may move for ever."""
        picture = self.grab()
        for _ in range(SETTLING):
            time.sleep(PAUSE)
            following = self.grab()
            if np.array_equal(np.asarray(picture), np.asarray(following)):
                break
            picture = following
        return picture


@contextmanager
def virtual_screen(root: Path) -> Iterator[Screen]:
    """Run an X server without a screen; programs in a chroot reach it by its abstract socket."""
    reading, writing = os.pipe()
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-dpi", "96"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            yield Screen(int(numbers.readline()), root)
    finally:
        server.terminate()
        server.wait()
