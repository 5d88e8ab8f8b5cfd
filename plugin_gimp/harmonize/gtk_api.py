"""GTK in the version of GIMP's own windows; apart from ``gimp_api`` because scripts run without a screen."""

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Pango", "1.0")
from gi.repository import Gdk, GdkPixbuf, GimpUi, Gtk, Pango  # noqa: E402

__all__ = ["Gdk", "GdkPixbuf", "GimpUi", "Gtk", "Pango"]
