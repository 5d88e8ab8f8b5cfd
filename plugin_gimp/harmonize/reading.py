"""Reads a layer, the selection over it and the picture without it: from a copy of the image that shares its tiles."""

from __future__ import annotations

from typing import NamedTuple

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
import formats  # noqa: E402
import raiha_texts as texts  # noqa: E402
from errors import layer_error  # noqa: E402
from gi.repository import Gegl, Gimp  # noqa: E402
from layers import groups_of  # noqa: E402
from pixels import is_transparent  # noqa: E402
from raiha_client import Frame  # noqa: E402


class Reading(NamedTuple):
    """A layer as the daemon wants it; the fields are those of ``Client.harmonize``.

    The layer's alpha has its mask in it, as in the picture that the user sees; ``mask`` is the selection; ``format``
    is babl's name for the pixels of the layer. ``background`` is None once it has been sent.
    """

    layer: Frame
    background: Frame | None
    mask: Frame | None
    profile: bytes | None
    offset: tuple[int, int]
    format: str


def read(layer: Gimp.Layer) -> Reading:
    """Return the layer and the picture without it, in the image's own precision and colours.

    Raises:
        ClientError: the layer or the picture is empty, or the selection does not touch the layer.
    """
    image, name = layer.get_image(), layer.get_name()
    copy = image.duplicate()
    try:
        twin = _flattened(_twin(layer, copy))
        pixels, profile = _frame(twin, formats.whole(twin)), formats.sent_profile(twin)
        name_of_format = formats.sent_format(twin)
        _, x, y = twin.get_offsets()
        copy.remove_layer(twin)
        background = _background(copy)
    finally:
        copy.delete()
    if _is_transparent(pixels):
        raise layer_error("empty-layer", texts.LAYER_EMPTY, layer=name)
    if _is_transparent(background):
        raise layer_error("no-background", texts.LAYER_ALONE, layer=name)
    mask = None
    if not Gimp.Selection.is_empty(image):
        mask = _selection(image, Gegl.Rectangle.new(x, y, pixels.width, pixels.height), name)
    return Reading(pixels, background, mask, profile, (x, y), name_of_format)


def _twin(layer: Gimp.Layer, copy: Gimp.Image) -> Gimp.Layer:
    """Return the layer's twin in a copy of its image: the one at the same place."""
    path = [layer.get_image().get_item_position(item) for item in [layer, *groups_of(layer)]]
    siblings = copy.get_layers()
    while len(path) > 1:
        siblings = siblings[path.pop()].get_children()
    return siblings[path[0]]


def _flattened(layer: Gimp.Layer) -> Gimp.Layer:
    """Make a layer of a copied image one of nothing but pixels, its mask part of its alpha."""
    if layer.is_group():
        # A group that passes through would be merged with what is below it.
        layer.set_mode(Gimp.LayerMode.NORMAL)
        layer = layer.merge()
    if layer.get_filters():
        layer.merge_filters()
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.APPLY if layer.get_apply_mask() else Gimp.MaskApplyMode.DISCARD)
    if not layer.has_alpha():
        layer.add_alpha()
    return layer


def _background(copy: Gimp.Image) -> Frame:
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
    channels = 4 if frame.order == "RGBA" else 2
    return is_transparent(frame.data, channels, len(frame.data) // (channels * frame.width * frame.height))


def _selection(image: Gimp.Image, rectangle: Gegl.Rectangle, name: str) -> Frame:
    mask = formats.pixels_of(image.get_selection(), rectangle, "Y u8")
    if not any(mask):
        raise layer_error("selection-elsewhere", texts.SELECTION_ELSEWHERE, layer=name)
    return Frame(mask, rectangle.width, rectangle.height, "GRAY", "uint8")
