"""What a layer covers of its picture, and what of the picture is selected."""

from __future__ import annotations

from collections.abc import Iterator

import formats
from gimp_api import Gegl, Gimp
from layer_tree import groups_of

_BAND = 256
"""Rows that are read at a time: most layers are transparent somewhere near their top."""


def covers_picture(layer: Gimp.Layer) -> bool:
    """Return whether nothing below the layer can be seen: it is opaque over the whole picture."""
    image = layer.get_image()
    _, x, y = layer.get_offsets()
    width, height = image.get_width(), image.get_height()
    if x > 0 or y > 0 or x + layer.get_width() < width or y + layer.get_height() < height:
        return False
    seen = Gegl.Rectangle.new(-x, -y, width, height)
    if layer.has_alpha() and not _is_full(layer, seen, "R'G'B'A u8", 4):
        return False
    mask = layer.get_mask()
    return mask is None or not layer.get_apply_mask() or _is_full(mask, seen, "Y u8", 1)


def is_part_selected(image: Gimp.Image) -> bool:
    """Return whether something is selected, but not the whole picture."""
    if Gimp.Selection.is_empty(image):
        return False
    whole = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    return not _is_full(image.get_selection(), whole, "Y u8", 1)


def visible_above(layer: Gimp.Layer) -> Gimp.Layer | None:
    """Return the topmost visible layer or group above the layer, in its own group first; None if there is none."""
    for item in [layer, *groups_of(layer)]:
        parent = item.get_parent()
        siblings = layer.get_image().get_layers() if parent is None else parent.get_children()
        position = layer.get_image().get_item_position(item)
        above = next((sibling for sibling in siblings[:position] if sibling.get_visible()), None)
        if above is not None:
            return above
    return None


def _is_full(drawable: Gimp.Drawable, rectangle: Gegl.Rectangle, name: str, channels: int) -> bool:
    """Return whether the last channel of a rectangle is 255 everywhere."""
    return all(
        pixels[channels - 1 :: channels].count(255) == len(pixels) // channels
        for pixels in _bands(drawable, rectangle, name)
    )


def _bands(drawable: Gimp.Drawable, rectangle: Gegl.Rectangle, name: str) -> Iterator[bytes]:
    for top in range(0, rectangle.height, _BAND):
        rows = min(_BAND, rectangle.height - top)
        band = Gegl.Rectangle.new(rectangle.x, rectangle.y + top, rectangle.width, rows)
        yield formats.pixels_of(drawable, band, name)
