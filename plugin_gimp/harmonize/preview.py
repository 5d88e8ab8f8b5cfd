"""The before and after picture in the dialog, mixed here so that changing the strength needs no daemon."""

from __future__ import annotations

from typing import Any

from client import raiha_texts as texts
from client.raiha_client import Frame
from gimp_api import GLib
from gtk_api import Gdk, GdkPixbuf, Gtk

_LINE = 2
_KEY_STEP = 0.05


class Preview(Gtk.EventBox):
    """The original left of a line and the result right of it; the mouse and the arrow keys move the line.

    Args:
        side: the longest side of the picture on the screen, pixels.
    """

    def __init__(self, side: int) -> None:
        super().__init__(can_focus=True, halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        self._side = side
        self._pictures: dict[str, GdkPixbuf.Pixbuf] = {}
        self._only: str | None = None
        self._whole: str | None = None
        self._strength, self._split = 1.0, 0.5
        self._image = Gtk.Image()
        self._before = _corner(texts.PREVIEW_BEFORE, Gtk.Align.START)
        self._after = _corner(texts.PREVIEW_AFTER, Gtk.Align.END)
        overlay = Gtk.Overlay()
        overlay.add(self._image)
        overlay.add_overlay(self._before)
        overlay.add_overlay(self._after)
        self.add(overlay)
        self.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK)
        self.connect("button-press-event", self._on_pointer)
        self.connect("motion-notify-event", self._on_pointer)
        self.connect("key-press-event", self._on_key)
        self.get_accessible().set_name(texts.PREVIEW)
        self.get_accessible().set_description(texts.PREVIEW_HINT)

    def show_pictures(self, pictures: dict[str, Frame]) -> None:
        """Show the pictures of a preview: before, both, colour and luminance, RGB uint8, all of one size."""
        self._pictures = {name: self._scaled(picture) for name, picture in pictures.items()}
        self._draw()

    def mix(self, only: str | None, strength: float) -> None:
        """Show the result at a strength from 0 to 1, with both, only colour or only luminance changed."""
        self._only, self._strength = only, strength
        self._draw()

    def _scaled(self, picture: Frame) -> GdkPixbuf.Pixbuf:
        row = 3 * picture.width
        pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(bytes(picture.data)),
            GdkPixbuf.Colorspace.RGB,
            False,
            8,
            picture.width,
            picture.height,
            row,
        )
        scale = self._side / max(picture.width, picture.height)
        if scale >= 1.0:
            return pixbuf
        size = [max(1, round(side * scale)) for side in (picture.width, picture.height)]
        return pixbuf.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)

    def _draw(self) -> None:
        if not self._pictures:
            return
        canvas = self._pictures["before"].copy()
        width, height = canvas.get_width(), canvas.get_height()
        split = {None: self._split, "before": 1.0, "after": 0.0}[self._whole]
        line = round(split * width)
        if line < width:
            after = self._pictures[self._only or "both"]
            opacity = round(255 * self._strength)
            nearest = GdkPixbuf.InterpType.NEAREST
            after.composite(canvas, line, 0, width - line, height, 0, 0, 1, 1, nearest, opacity)
        if 0 < line < width:
            start = min(max(line - _LINE // 2, 0), width - _LINE)
            canvas.new_subpixbuf(start, 0, _LINE, height).fill(0xFFFFFFFF)
        self._before.set_visible(split > 0.0)
        self._after.set_visible(split < 1.0)
        self._image.set_from_pixbuf(canvas)

    def _on_pointer(self, _widget: Gtk.Widget, event: Any) -> bool:
        self.grab_focus()
        self._move_to(event.x / max(1, self.get_allocated_width()))
        return True

    def _on_key(self, _widget: Gtk.Widget, event: Any) -> bool:
        if event.keyval in (Gdk.KEY_Left, Gdk.KEY_Right):
            self._move_to(self._split + (_KEY_STEP if event.keyval == Gdk.KEY_Right else -_KEY_STEP))
            return True
        if event.keyval == Gdk.KEY_space:
            self._whole = "after" if self._whole == "before" else "before"
            self._draw()
            return True
        return False

    def _move_to(self, split: float) -> None:
        self._split, self._whole = min(max(split, 0.0), 1.0), None
        self._draw()


def _corner(text: str, side: Gtk.Align) -> Gtk.Label:
    label = Gtk.Label(label=text, halign=side, valign=Gtk.Align.START, margin=6)
    label.get_style_context().add_class("osd")
    label.set_no_show_all(True)
    return label
