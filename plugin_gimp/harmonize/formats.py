"""The babl formats in which GIMP stores a layer's pixels and in which they travel."""

from __future__ import annotations

from typing import Any

from gimp_api import Babl, Gegl, Gimp
from transfer import Transfer, transfer_of


def own_format(drawable: Gimp.Drawable) -> str:
    """Return the name of the format in which GIMP stores the pixels, including the colour space."""
    return Babl.get_name(drawable.get_format())


def transfer(drawable: Gimp.Drawable) -> Transfer:
    """Return how the pixels travel: in the image's own colours, but gray pixels as sRGB encodes them."""
    own = transfer_of(Babl.format_get_encoding(drawable.get_format()))
    if not drawable.is_gray() or (not own.linear and drawable.get_image().get_color_profile() is None):
        return own
    return transfer_of("Y'A float" if drawable.has_alpha() else "Y' float")


def sent_format(drawable: Gimp.Drawable) -> str:
    """Return the name of the format in which the pixels travel."""
    encoding = transfer(drawable).encoding
    if drawable.is_gray():
        return encoding
    space = Babl.format_get_space(drawable.get_format())
    return Babl.get_name(Babl.format_with_space(encoding, space))


def sent_profile(drawable: Gimp.Drawable) -> bytes | None:
    """Return the ICC profile of the pixels as they travel; None means sRGB."""
    image = drawable.get_image()
    if drawable.is_gray() or (not transfer(drawable).linear and image.get_color_profile() is None):
        return None
    return bytes(image.get_effective_color_profile().get_icc_profile())


def pixels_of(drawable: Gimp.Drawable, rectangle: Gegl.Rectangle, name: str) -> bytes:
    """Return the pixels of a rectangle in the format ``name``; those outside the drawable are 0."""
    return drawable.get_buffer().get(rectangle, 1.0, name, Gegl.AbyssPolicy.NONE)


def whole(drawable: Gimp.Drawable) -> Gegl.Rectangle:
    """Return the rectangle that covers a drawable."""
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def converted(pixels: Any, rectangle: Gegl.Rectangle, source: str, target: str) -> bytes:
    """Return pixels of the format ``source`` in the format ``target``."""
    scratch = Gegl.Buffer.new(target, 0, 0, rectangle.width, rectangle.height)
    scratch.set(rectangle, source, bytes(pixels))
    return scratch.get(rectangle, 1.0, target, Gegl.AbyssPolicy.NONE)


def fill(buffer: Gegl.Buffer, rectangle: Gegl.Rectangle, name: str, pixels: Any) -> None:
    """Write the pixels of a rectangle, given in the format ``name``; GEGL itself ignores a wrong length."""
    expected = rectangle.width * rectangle.height * Babl.format_get_bytes_per_pixel(Babl.format(name))
    if len(pixels) != expected:
        raise ValueError(f"{len(pixels)} bytes of pixels instead of {expected}")
    buffer.set(rectangle, name, bytes(pixels))
    buffer.flush()
