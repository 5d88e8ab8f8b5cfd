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
from waiting import PAUSE, wait_until

SIZE = (1280, 860)


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

    def window(self, name: str) -> str:
        """Wait for a window whose title matches, and return its id."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = self.xdotool("search", "--onlyvisible", "--name", name).split()
            return bool(found)

        wait_until(is_there)
        return found[-1]

    def has_window(self, name: str) -> bool:
        """Return whether a window whose title matches is there."""
        return bool(self.xdotool("search", "--onlyvisible", "--name", name))

    def press(self, window: str, key: str) -> None:
        """Press a key in a window."""
        self.xdotool("windowfocus", "--sync", window)
        self.xdotool("key", "--clearmodifiers", key)

    def keys(self, window: str, *keys: str) -> None:
        """Press keys in a window; each has its effect before the next."""
        self.xdotool("windowfocus", "--sync", window)
        for key in keys:
            self.xdotool("key", "--clearmodifiers", key)
            self.settle()

    def click(self, x: int, y: int) -> None:
        """Click with the left button."""
        self.xdotool("mousemove", x, y, "click", 1)

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
        """Wait until the picture no longer changes and return it."""
        picture = self.grab()
        while True:
            time.sleep(PAUSE)
            following = self.grab()
            if np.array_equal(np.asarray(picture), np.asarray(following)):
                return picture
            picture = following


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
