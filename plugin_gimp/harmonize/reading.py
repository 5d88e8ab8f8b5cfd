"""Reads a layer, the selection over it and the picture without it, from a copy of the image that shares its tiles."""

from __future__ import annotations

from typing import NamedTuple

import formats
from client import raiha_texts as texts
from client.errors import LayerError
from client.raiha_client import Frame
from client.raiha_plugin import Composite, at_once, is_transparent
from coverage import covers_picture, is_part_selected
from gimp_api import Gegl, Gimp
from layer_tree import groups_of, is_any_visible


class Source(NamedTuple):
    """What the result of a layer is written back with.

    Attributes:
        size: width and height of the layer, pixels.
        offset: its top left corner in the picture, pixels.
        format: babl's name for the pixels that travelled.
        mask: the selection, a byte per pixel; None without a selection.
    """

    size: tuple[int, int]
    offset: tuple[int, int]
    format: str
    mask: bytes | None


def read(layer: Gimp.Layer) -> tuple[Composite, Source]:
    """Return the layer in its picture, in the image's own precision and colours, and what writing it back needs.

    The layer's alpha includes its layer mask, as the user sees it; the composite's mask is the selection. Where a part
    of a layer is selected that leaves nothing else of the picture to see, the picture around the object is in the layer
    itself.

    Raises:
        LayerError: the layer or the picture is empty, or the selection does not overlap the layer.
    """
    image, name = layer.get_image(), layer.get_name()
    copy = image.duplicate()
    try:
        twin = _flattened(_twin(layer, copy))
        pixels, profile = _frame(twin, formats.whole(twin)), formats.sent_profile(twin)
        if _is_transparent(pixels):
            raise LayerError(texts.LAYER_EMPTY, layer=name)
        name_of_format = formats.sent_format(twin)
        _, x, y = twin.get_offsets()
        mask = None
        if not Gimp.Selection.is_empty(image):
            mask = _selection(image, Gegl.Rectangle.new(x, y, pixels.width, pixels.height), name)
        background = _background(copy, twin, is_selected=mask is not None and is_part_selected(image))
    finally:
        copy.delete()
    if background is None:
        raise LayerError(texts.LAYER_ALONE, layer=name)
    source = Source((pixels.width, pixels.height), (x, y), name_of_format, None if mask is None else mask.data)
    return Composite(pixels, background, mask, profile, (x, y)), source


def _twin(layer: Gimp.Layer, copy: Gimp.Image) -> Gimp.Layer:
    """Return the layer's twin in a copy of its image: the layer at the same position."""
    path = [layer.get_image().get_item_position(item) for item in [layer, *groups_of(layer)]]
    siblings = copy.get_layers()
    while len(path) > 1:
        siblings = siblings[path.pop()].get_children()
    return siblings[path[0]]


def _flattened(layer: Gimp.Layer) -> Gimp.Layer:
    """Reduce a layer of a copied image to pixels, with its mask in its alpha."""
    if layer.is_group():
        # A pass-through group would be merged with what is below it.
        layer.set_mode(Gimp.LayerMode.NORMAL)
        layer = layer.merge()
    if layer.get_filters():
        layer.merge_filters()
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.APPLY if layer.get_apply_mask() else Gimp.MaskApplyMode.DISCARD)
    if not layer.has_alpha():
        layer.add_alpha()
    return layer


def _background(copy: Gimp.Image, twin: Gimp.Layer, *, is_selected: bool) -> Frame | None:
    """Return the picture around the object; None if there is none. Uses up the copy.

    Args:
        copy: of the image.
        twin: the layer in the copy.
        is_selected: whether a selection marks the object, so that the rest of the layer may be the picture around it.
    """
    _, x, y = twin.get_offsets()
    own = twin.copy() if is_selected else None
    own_part = Gegl.Rectangle.new(-x, -y, copy.get_width(), copy.get_height())
    if own is not None and covers_picture(twin):
        return _frame(own, own_part)
    others = is_any_visible(copy.get_layers(), left_out=twin.get_id())
    copy.remove_layer(twin)
    background = _merged(copy) if others else None
    if background is not None and not _is_transparent(background):
        return background
    return None if own is None else _frame(own, own_part)


def _merged(copy: Gimp.Image) -> Frame:
    merged = copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    if not merged.has_alpha():
        merged.add_alpha()
    _, left, top = merged.get_offsets()
    return _frame(merged, Gegl.Rectangle.new(-left, -top, copy.get_width(), copy.get_height()))


def _frame(layer: Gimp.Layer, rectangle: Gegl.Rectangle) -> Frame:
    pixels = formats.pixels_of(layer, rectangle, formats.sent_format(layer))
    transfer = formats.transfer(layer)
    return Frame(pixels, rectangle.width, rectangle.height, transfer.order, transfer.dtype)


def _is_transparent(frame: Frame) -> bool:
    return bool(at_once(is_transparent(frame.data, frame.channels, frame.sample_bytes)))


def _selection(image: Gimp.Image, rectangle: Gegl.Rectangle, name: str) -> Frame:
    mask = formats.pixels_of(image.get_selection(), rectangle, "Y u8")
    if not any(mask):
        raise LayerError(texts.SELECTION_ELSEWHERE, layer=name)
    return Frame(mask, rectangle.width, rectangle.height, "GRAY", "uint8")
