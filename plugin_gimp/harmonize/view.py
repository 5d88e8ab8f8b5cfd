"""Which part of the preview is seen, and how large: zoom and place, without GTK.

The picture is measured in the preview's own pixels, the window in pixels of the screen, which HiDPI makes smaller than
those that GTK counts.
"""

from __future__ import annotations

from typing import NamedTuple

STEP = 1.25
"""Factor of one turn of the wheel, or one press of a button."""

MOST_ENLARGED = 8.0
"""Pixels of the screen for one of the layer, at most."""


class Part(NamedTuple):
    """A rectangle of the picture; right and bottom are excluded."""

    left: float
    top: float
    right: float
    bottom: float


class View:
    """What a window shows of a picture: all of it, as large as it fits, until it is zoomed.

    Args:
        picture: width and height of the preview, pixels.
        detail: pixels of the layer for one of the preview, along a side.
    """

    def __init__(self, picture: tuple[int, int] = (1, 1), detail: float = 1.0) -> None:
        self.picture, self.detail = picture, detail
        self._room = (1, 1)
        self._zoom: float | None = None
        self._centre = (picture[0] / 2, picture[1] / 2)

    @property
    def zoom(self) -> float:
        """Pixels of the screen for one of the preview."""
        fit = self._fit()
        return fit if self._zoom is None else min(max(self._zoom, fit), self._most())

    @property
    def is_fit(self) -> bool:
        """Whether the whole picture is seen."""
        return self._zoom is None or self._zoom <= self._fit()

    @property
    def per_cent(self) -> int:
        """Pixels of the screen for a hundred of the layer."""
        return round(100 * self.zoom / self.detail)

    @property
    def needs_detail(self) -> bool:
        """Whether the layer has more pixels for what is seen than the preview has."""
        return not self.is_fit and self.zoom > 1.0 and self.detail > 1.0

    def resize(self, width: int, height: int) -> None:
        """Take the size of the window, pixels of the screen."""
        self._room = (max(width, 1), max(height, 1))

    def fit(self) -> None:
        """Show the whole picture."""
        self._zoom = None

    def show_true(self) -> None:
        """Show a pixel of the layer as a pixel of the screen, in the middle of what is seen."""
        self._set_zoom(self.detail, None)

    def zoom_by(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Zoom; the place ``at``, in pixels of the screen within what is shown, stays where it is."""
        self._set_zoom(self.zoom * factor, at)

    def pan(self, right: float, down: float) -> None:
        """Move the picture by pixels of the screen."""
        left, top, _, _ = self.seen()
        x, y = self.shown()
        zoom = self.zoom
        self._centre = (left + (x / 2 - right) / zoom, top + (y / 2 - down) / zoom)

    def shown(self) -> tuple[int, int]:
        """Return the size at which the picture, or its part, is shown, pixels of the screen."""
        width, height = (
            max(1, min(room, round(side * self.zoom))) for room, side in zip(self._room, self.picture, strict=True)
        )
        return width, height

    def seen(self) -> Part:
        """Return the part of the picture that is shown."""
        zoom, spans = self.zoom, []
        for shown, side, centre in zip(self.shown(), self.picture, self._centre, strict=True):
            length = min(shown / zoom, side)
            spans.append((min(max(centre - length / 2, 0.0), side - length), length))
        (left, width), (top, height) = spans
        return Part(left, top, left + width, top + height)

    def _set_zoom(self, zoom: float, at: tuple[float, float] | None) -> None:
        part, (width, height) = self.seen(), self.shown()
        x, y = at or (width / 2, height / 2)
        place = part.left + x / self.zoom, part.top + y / self.zoom
        self._zoom = min(zoom, self._most())
        if self.is_fit:
            self._zoom = None
        width, height = self.shown()
        self._centre = (place[0] + (width / 2 - x) / self.zoom, place[1] + (height / 2 - y) / self.zoom)

    def _fit(self) -> float:
        room = min(room / side for room, side in zip(self._room, self.picture, strict=True))
        return min(room, max(1.0, self._most()))

    def _most(self) -> float:
        return MOST_ENLARGED * self.detail
