"""Shows a picture with one pixel for each of the screen, which HiDPI makes smaller than those that GTK counts.

GTK takes such a picture only as a surface of cairo, and many a GIMP comes without cairo's Python module; GTK's own
functions are then called directly.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

from gtk_api import GdkPixbuf, Gtk

_LIBRARIES = {"win32": ("libgdk-3-0.dll", "libgtk-3-0.dll", "libcairo-2.dll")}
_UNIX = ("libgdk-3.so.0", "libgtk-3.so.0", "libcairo.so.2")


def show(image: Gtk.Image, picture: GdkPixbuf.Pixbuf, scale: int) -> None:
    """Show a picture.

    Args:
        image: where it is shown.
        picture: in pixels of the screen.
        scale: pixels of the screen for one that GTK counts, along a side.
    """
    if scale > 1 and (libraries := _libraries()) is not None:
        libraries.show(image, picture, scale)
        return
    if scale > 1:
        size = [max(1, side // scale) for side in (picture.get_width(), picture.get_height())]
        picture = picture.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)
    image.set_from_pixbuf(picture)


class _Libraries:
    """The functions of GDK, GTK and cairo that are needed."""

    def __init__(self, gdk: str, gtk: str, cairo: str) -> None:
        self._surface_of = ctypes.CDLL(gdk).gdk_cairo_surface_create_from_pixbuf
        self._surface_of.restype = ctypes.c_void_p
        self._surface_of.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        self._set = ctypes.CDLL(gtk).gtk_image_set_from_surface
        self._set.restype = None
        self._set.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        self._destroy = ctypes.CDLL(cairo).cairo_surface_destroy
        self._destroy.restype = None
        self._destroy.argtypes = [ctypes.c_void_p]

    def show(self, image: Gtk.Image, picture: GdkPixbuf.Pixbuf, scale: int) -> None:
        """Show a picture, see above."""
        surface = self._surface_of(_pointer(picture), scale, None)
        self._set(_pointer(image), surface)
        self._destroy(surface)


@cache
def _libraries() -> _Libraries | None:
    try:
        return _Libraries(*_LIBRARIES.get(sys.platform, _UNIX))
    except (OSError, AttributeError):
        return None


def _pointer(thing: Any) -> int:
    """Return the address of an object of GLib."""
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    name_of = ctypes.pythonapi.PyCapsule_GetName
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    capsule = thing.__gpointer__
    return int(pointer_of(capsule, name_of(capsule)))
