"""The pictures of the preview: what the daemon sent, and what adjustments make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from client.adjusting import AdjustablePicture
from client.raiha_client import Result
from gimp_api import GLib
from gtk_api import GdkPixbuf
from view import Part


class Look(NamedTuple):
    """How the result is to look.

    Attributes:
        adjustment: numbers by the protocol's names, ``veil_colour``, and per cent of the shading.
        strength: 0 to 1.5.
        only: "colour", "luminance", or None for both.
    """

    adjustment: Mapping[str, Any]
    strength: float
    only: str | None


class Picture:
    """A part of the picture that can be adjusted.

    Args:
        result: of a request for a preview.
        found: the result of the first preview, which has the shading and the window that it spans.
    """

    def __init__(self, result: Result, found: Result) -> None:
        self.found = found
        before = result.preview["before"]
        self.size = before.width, before.height
        self.window = result.window
        # Pixels of the background to those of this picture.
        scale = before.width / result.window[2]
        x, y, width, height = found.window
        left, top = scale * (x - result.window[0]), scale * (y - result.window[1])
        spanned = left, top, left + scale * width, top + scale * height
        shading = found.adjustments.get("shading", ())
        shown = result.preview.get("finished", before)
        self._picture = AdjustablePicture(shown, result.preview["mask"], shading, spanned)
        self.before = self._pixbuf(before.data, 3)

    @property
    def detail(self) -> float:
        """Pixels of the background for one of this picture, along a side."""
        return float(self.window[2]) / self.size[0]

    @property
    def whole(self) -> Part:
        """All of this picture."""
        return Part(0, 0, *self.size)

    def after(self, look: Look) -> GdkPixbuf.Pixbuf:
        """Return the picture with the change."""
        return self._pixbuf(self._picture.adjusted(look.adjustment, look.strength, look.only), 4)

    def part_of(self, whole: Picture) -> Part:
        """Return where this picture lies in another, in the other's pixels."""
        x, y, width, height = self.window
        left, top = (x - whole.window[0]) / whole.detail, (y - whole.window[1]) / whole.detail
        return Part(left, top, left + width / whole.detail, top + height / whole.detail)

    def _pixbuf(self, pixels: Any, channels: int) -> GdkPixbuf.Pixbuf:
        width, height = self.size
        data, space, row = GLib.Bytes.new(bytes(pixels)), GdkPixbuf.Colorspace.RGB, channels * width
        return GdkPixbuf.Pixbuf.new_from_bytes(data, space, channels == 4, 8, width, height, row)
