"""The buttons below the preview: zoom out and in, fit, 1:1; and how large the picture is shown."""

from __future__ import annotations

from collections.abc import Callable

from client import raiha_texts as texts
from gtk_api import Gtk
from preview import Preview
from view import STEP


class ZoomBar(Gtk.Box):
    """Buttons that zoom a preview."""

    def __init__(self, preview: Preview) -> None:
        super().__init__(spacing=6)
        self._preview = preview
        buttons = (
            ("−", texts.ZOOM_OUT, lambda: preview.zoom_by(1 / STEP)),
            ("+", texts.ZOOM_IN, lambda: preview.zoom_by(STEP)),
            (texts.ZOOM_FIT, texts.ZOOM_FIT_TOOLTIP, preview.fit),
            (texts.ZOOM_TRUE, texts.ZOOM_TRUE_TOOLTIP, preview.show_true),
        )
        for words, tooltip, action in buttons:
            self.pack_start(_button(words, tooltip, action), False, False, 0)
        self._size = Gtk.Label(xalign=0)
        self.pack_start(self._size, False, False, 6)
        self.set_sensitive(False)

    def follow(self) -> None:
        """Show how large the picture is shown."""
        self._size.set_text(f"{self._preview.view.per_cent} %")


def _button(words: str, tooltip: str, action: Callable[[], None]) -> Gtk.Button:
    button = Gtk.Button(label=words, tooltip_text=tooltip)
    button.get_accessible().set_name(tooltip)
    button.connect("clicked", lambda _button: action())
    return button
