"""A window with a reference as large as the screen allows."""

from __future__ import annotations

from client import raiha_texts as texts
from gimp_api import GLib
from gtk_api import Gdk, GdkPixbuf, Gtk

_SHARE = 0.8
"""Of the screen, at most."""


def show_photo(parent: Gtk.Window, path: str) -> None:
    """Show a photo in a window of its own, or say that it is not there any more."""
    area = Gdk.Display.get_default().get_monitor_at_window(parent.get_window()).get_workarea()
    size = int(_SHARE * area.width), int(_SHARE * area.height)
    window = Gtk.Dialog(title=texts.reference_name(path), transient_for=parent, modal=True)
    window.add_button(texts.CLOSE, Gtk.ResponseType.CLOSE)
    window.connect("response", lambda *_: window.destroy())
    try:
        photo = GdkPixbuf.Pixbuf.new_from_file_at_size(path, *size).apply_embedded_orientation()
        content: Gtk.Widget = Gtk.Image(pixbuf=photo)
    except GLib.Error:
        content = Gtk.Label(label=texts.REFERENCE_GONE.format(path=path), wrap=True, margin=24)
    window.get_content_area().pack_start(content, True, True, 0)
    window.show_all()
