"""Which part of a picture a dialog shows, and how large: zooming and moving, in plain arithmetic."""

from __future__ import annotations

from typing import NamedTuple

MOST_SCALE = 16.0
"""Pixels of the screen for a pixel of the picture, at most."""
STEP = 1.25
"""By which a step of the wheel zooms."""


class Rectangle(NamedTuple):
    """A rectangle with fractions of pixels."""

    x: float
    y: float
    width: float
    height: float


class Viewport:
    """A picture of ``size`` pixels on a screen of ``screen`` pixels, those of the device, whatever their density.

    Attributes:
        size: width and height of the picture.
        screen: width and height of the place where it is shown.
    """

    def __init__(self) -> None:
        self.size = (1, 1)
        self.screen = (1, 1)
        self._scale: float | None = None
        self._centre = (0.5, 0.5)

    @property
    def fit_scale(self) -> float:
        """Scale at which the whole picture just fits, above 1 for small pictures."""
        return min(self.screen[0] / self.size[0], self.screen[1] / self.size[1])

    @property
    def scale(self) -> float:
        """Pixels of the screen for a pixel of the picture."""
        return self.fit_scale if self._scale is None else self._scale

    @property
    def is_fit(self) -> bool:
        """Whether the whole picture is shown."""
        return self._scale is None

    def fit(self) -> None:
        """Show the whole picture."""
        self._scale, self._centre = None, (self.size[0] / 2, self.size[1] / 2)

    def zoom_to(self, scale: float, at: tuple[float, float] | None = None) -> None:
        """Zoom so that the place of the screen ``at``, or its middle, stays where it is; below the fit, fit."""
        if scale <= self.fit_scale:
            self.fit()
            return
        held = min(scale, max(MOST_SCALE, self.fit_scale))
        x, y = at or (self.screen[0] / 2, self.screen[1] / 2)
        left, top, _, _ = self.shown()
        place = (x - left) / self.scale, (y - top) / self.scale
        self._scale = held
        self._centre = (
            place[0] - (x - self.screen[0] / 2) / held,
            place[1] - (y - self.screen[1] / 2) / held,
        )
        self._hold()

    def move(self, dx: float, dy: float) -> None:
        """Move the picture by pixels of the screen; its edge stays at the edge of the screen or beyond."""
        if self._scale is not None:
            self._centre = (self._centre[0] - dx / self._scale, self._centre[1] - dy / self._scale)
            self._hold()

    def resize(self, size: tuple[int, int], screen: tuple[int, int]) -> None:
        """Take new sizes; another picture is shown whole."""
        if size != self.size:
            self.size = size
            self.fit()
        self.screen = (max(screen[0], 1), max(screen[1], 1))
        if self._scale is not None and self._scale <= self.fit_scale:
            self.fit()
        self._hold()

    def shown(self) -> Rectangle:
        """Return where the whole picture lies on the screen; parts of it may lie beyond."""
        scale, centre = self.scale, self._centre
        if self._scale is None:
            centre = (self.size[0] / 2, self.size[1] / 2)
        left = self.screen[0] / 2 - centre[0] * scale
        top = self.screen[1] / 2 - centre[1] * scale
        return Rectangle(left, top, self.size[0] * scale, self.size[1] * scale)

    def visible(self) -> tuple[int, int, int, int]:
        """Return x, y, width and height of the picture's pixels that are at least partly seen."""
        left, top, _, _ = self.shown()
        x, y = max(int(-left / self.scale), 0), max(int(-top / self.scale), 0)
        right = min(_up((self.screen[0] - left) / self.scale), self.size[0])
        bottom = min(_up((self.screen[1] - top) / self.scale), self.size[1])
        return min(x, right - 1), min(y, bottom - 1), max(right - x, 1), max(bottom - y, 1)

    def _hold(self) -> None:
        half = [side / 2 / self.scale for side in self.screen]
        held = [
            min(max(place, part), side - part) if 2 * part < side else side / 2
            for place, part, side in zip(self._centre, half, self.size)  # noqa: B905  (Python 3.8)
        ]
        self._centre = (held[0], held[1])


def _up(value: float) -> int:
    return -int(-value // 1)
