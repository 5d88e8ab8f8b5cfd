"""The before and after picture in the dialog: split, zoomed and moved here, without the daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import surfaces
from client import raiha_texts as texts
from gimp_api import GLib
from gtk_api import Gdk, GdkPixbuf, Gtk
from view import STEP, Part, View

_LINE = 2
_NEAR_LINE = 10
"""Pixels from the line within which the mouse takes hold of it; elsewhere it moves a zoomed picture."""
_KEY_STEP = 0.05
_SMALLEST = (320, 240)
_MARGIN = 6
# The themes' own colours for what lies over a picture are dark on dark in a light theme.
_STYLE = b"#raiha-corner { color: white; background-color: rgba(0, 0, 0, 0.6); padding: 2px 6px; }"


class Sight(NamedTuple):
    """A part of the picture before and after.

    Attributes:
        part: of the picture, in the preview's pixels.
        before: as it is.
        after: with the change, of the same size.
    """

    part: Part
    before: GdkPixbuf.Pixbuf
    after: GdkPixbuf.Pixbuf


class Preview(Gtk.EventBox):
    """The original left of a line and the result right of it; the mouse and the arrow keys move the line.

    Args:
        on_view: called after the part that is seen has changed.

    Attributes:
        view: which part of the picture is seen.
    """

    def __init__(self, on_view: Callable[[], None]) -> None:
        super().__init__(can_focus=True, above_child=True)
        self.set_size_request(*_SMALLEST)
        self.view = View()
        self._on_view = on_view
        self._sights: list[Sight] = []
        self._shown_side: str | None = None
        self._split = 0.5
        self._held: tuple[float, float] | None = None
        self._image = Gtk.Image(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        self._corners = [_corner(texts.PREVIEW_BEFORE, Gtk.Align.START), _corner(texts.PREVIEW_AFTER, Gtk.Align.END)]
        _add_style(self.get_screen())
        self.add(self._contents())
        events = Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON_RELEASE_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK
        self.add_events(events | Gdk.EventMask.SCROLL_MASK | Gdk.EventMask.SMOOTH_SCROLL_MASK)
        self.connect("button-press-event", self._on_press)
        self.connect("button-release-event", self._on_release)
        self.connect("motion-notify-event", self._on_motion)
        self.connect("scroll-event", self._on_scroll)
        self.connect("key-press-event", self._on_key)
        self.connect("size-allocate", self._on_size)
        self.get_accessible().set_name(texts.PREVIEW)
        self.get_accessible().set_description(texts.PREVIEW_HINT)

    def begin(self, size: tuple[int, int], detail: float) -> None:
        """Take a new picture: width and height of its preview, and pixels of the layer for one of it."""
        if size != self.view.picture or detail != self.view.detail:
            self.view = View(size, detail)
            self._resize()

    def show_sights(self, whole: Sight, detail: Sight | None) -> None:
        """Show the picture before and after, and over it the layer's own pixels, where they are known."""
        self._sights = [whole] if detail is None else [whole, detail]
        self._draw()

    def zoom_by(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Zoom; the place ``at``, in pixels of the screen, stays."""
        self.view.zoom_by(factor, at)
        self._view_changed()

    def show_true(self) -> None:
        """Show a pixel of the layer as a pixel of the screen."""
        self.view.show_true()
        self._view_changed()

    def fit(self) -> None:
        """Show the whole picture."""
        self.view.fit()
        self._view_changed()

    def _contents(self) -> Gtk.Widget:
        # In a scrolled window the picture may be larger than the place that it has, for the moment of a resize.
        scrolled = Gtk.ScrolledWindow(
            hscrollbar_policy=Gtk.PolicyType.EXTERNAL, vscrollbar_policy=Gtk.PolicyType.EXTERNAL
        )
        scrolled.add(self._image)
        overlay = Gtk.Overlay()
        overlay.add(scrolled)
        for corner in self._corners:
            overlay.add_overlay(corner)
        return overlay

    def _view_changed(self) -> None:
        self._draw()
        self._on_view()

    def _resize(self) -> None:
        scale = self.get_scale_factor()
        self.view.resize(scale * self.get_allocated_width(), scale * self.get_allocated_height())

    def _on_size(self, _widget: Gtk.Widget, _allocation: Any) -> None:
        before = self.view.shown()
        self._resize()
        if self.view.shown() != before:
            # A widget may not change while GTK gives it its place.
            GLib.idle_add(self._view_changed)

    def _draw(self) -> None:
        if not self._sights:
            return
        width, height = self.view.shown()
        canvas = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height)
        split = {None: self._split, "before": 1.0, "after": 0.0}[self._shown_side]
        line = round(split * width)
        for sight in self._sights:
            self._paint(canvas, sight, line)
        if 0 < line < width:
            thickness = min(_LINE * self.get_scale_factor(), width)
            start = min(max(line - thickness // 2, 0), width - thickness)
            canvas.new_subpixbuf(start, 0, thickness, height).fill(0xFFFFFFFF)
        left, top = self._corner_place()
        for corner in self._corners:
            corner.set_margin_start(_MARGIN + round(left))
            corner.set_margin_end(_MARGIN + round(left))
            corner.set_margin_top(_MARGIN + round(top))
        self._corners[0].set_visible(split > 0.0)
        self._corners[1].set_visible(split < 1.0)
        surfaces.show(self._image, canvas, self.get_scale_factor())

    def _paint(self, canvas: GdkPixbuf.Pixbuf, sight: Sight, line: int) -> None:
        """Paint a part of the picture, before left of the line and after right of it."""
        zoom, seen = self.view.zoom, self.view.seen()
        scale_x = zoom * (sight.part.right - sight.part.left) / sight.before.get_width()
        scale_y = zoom * (sight.part.bottom - sight.part.top) / sight.before.get_height()
        x, y = zoom * (sight.part.left - seen.left), zoom * (sight.part.top - seen.top)
        left, top = max(0, round(x)), max(0, round(y))
        right = min(canvas.get_width(), round(x + scale_x * sight.before.get_width()))
        bottom = min(canvas.get_height(), round(y + scale_y * sight.before.get_height()))
        # Enlarged pixels of the layer are shown as squares.
        smooth = abs(scale_x - 1) > 1e-3 and not (zoom >= 2 * self.view.detail and not self.view.is_fit)
        kind = GdkPixbuf.InterpType.BILINEAR if smooth else GdkPixbuf.InterpType.NEAREST
        for picture, begin, end in ((sight.before, left, min(right, line)), (sight.after, max(left, line), right)):
            if begin < end and top < bottom:
                picture.scale(canvas, begin, top, end - begin, bottom - top, x, y, scale_x, scale_y, kind)

    def _on_press(self, _widget: Gtk.Widget, event: Any) -> bool:
        self.grab_focus()
        if event.button != 1:
            return False
        if not self.view.is_fit and abs(event.x - self._line_place()) > _NEAR_LINE:
            self._held = (event.x, event.y)
            return True
        self._move_to(self._share_of(event.x))
        return True

    def _on_release(self, _widget: Gtk.Widget, _event: Any) -> bool:
        self._held = None
        return True

    def _on_motion(self, _widget: Gtk.Widget, event: Any) -> bool:
        if self._held is None:
            self._move_to(self._share_of(event.x))
            return True
        scale = self.get_scale_factor()
        self.view.pan(scale * (event.x - self._held[0]), scale * (event.y - self._held[1]))
        self._held = (event.x, event.y)
        self._view_changed()
        return True

    def _on_scroll(self, _widget: Gtk.Widget, event: Any) -> bool:
        smooth, _, down = event.get_scroll_deltas()
        if not smooth:
            turns = {Gdk.ScrollDirection.UP: -1.0, Gdk.ScrollDirection.DOWN: 1.0}
            down = turns.get(event.direction, 0.0)
        if down:
            left, top = self._corner_place()
            scale = self.get_scale_factor()
            self.zoom_by(STEP**-down, (scale * (event.x - left), scale * (event.y - top)))
        return True

    def _on_key(self, _widget: Gtk.Widget, event: Any) -> bool:
        if event.keyval in (Gdk.KEY_Left, Gdk.KEY_Right):
            self._move_to(self._split + (_KEY_STEP if event.keyval == Gdk.KEY_Right else -_KEY_STEP))
        elif event.keyval == Gdk.KEY_space:
            self._shown_side = "after" if self._shown_side == "before" else "before"
            self._draw()
        elif event.keyval in (Gdk.KEY_plus, Gdk.KEY_equal, Gdk.KEY_KP_Add):
            self.zoom_by(STEP)
        elif event.keyval in (Gdk.KEY_minus, Gdk.KEY_KP_Subtract):
            self.zoom_by(1 / STEP)
        elif event.keyval in (Gdk.KEY_0, Gdk.KEY_KP_0):
            self.fit()
        elif event.keyval in (Gdk.KEY_1, Gdk.KEY_KP_1):
            self.show_true()
        else:
            return False
        return True

    def _move_to(self, split: float) -> None:
        self._split, self._shown_side = min(max(split, 0.0), 1.0), None
        self._draw()

    def _corner_place(self) -> tuple[float, float]:
        """Return where the picture's top left corner is in the widget, in GTK's pixels."""
        scale, (width, height) = self.get_scale_factor(), self.view.shown()
        return (self.get_allocated_width() - width / scale) / 2, (self.get_allocated_height() - height / scale) / 2

    def _line_place(self) -> float:
        return self._corner_place()[0] + self._split * self.view.shown()[0] / self.get_scale_factor()

    def _share_of(self, x: float) -> float:
        return (x - self._corner_place()[0]) * self.get_scale_factor() / self.view.shown()[0]


def _corner(text: str, side: Gtk.Align) -> Gtk.Label:
    label = Gtk.Label(label=text, halign=side, valign=Gtk.Align.START)
    label.set_name("raiha-corner")
    label.set_no_show_all(True)
    return label


def _add_style(screen: Gdk.Screen) -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(_STYLE)
    Gtk.StyleContext.add_provider_for_screen(screen, provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
