"""Writes a result into the picture: as a new layer above the original, or in its place."""

from __future__ import annotations

import json
from typing import Any

import formats
from client.adjustments import result_name
from client.raiha_client import Result
from client.raiha_plugin import Options, at_once, restored_outside, with_alpha_of
from gimp_api import Gimp
from layers import is_plain
from reading import Source

_ATTRIBUTES = (
    "blend_space",
    "color_tag",
    "composite_mode",
    "composite_space",
    "lock_alpha",
    "lock_content",
    "lock_position",
    "lock_visibility",
)


ADJUSTMENTS = "raiha-adjustments"
"""The parasite of a result in which everything that was done can be read later, as JSON."""
_KEPT_AND_UNDOABLE = 1 | 2


def write(layer: Gimp.Layer, source: Source, result: Result, options: Options) -> Gimp.Layer:
    """Write the harmonized pixels into the picture and return the layer that holds them.

    A layer of more than pixels (a group, a text, a layer with filters) is kept: its result is always a new layer.
    """
    assert result.layer is not None
    if not is_plain(layer):
        written = _insert(layer, _new_layer(layer, source), source.format, result.layer.data, result)
    else:
        name, pixels = _own_pixels(layer, source, result.layer.data)
        if options.in_place:
            _replace(layer, source, name, pixels)
            written = layer
        else:
            written = _insert(layer, layer.copy(), name, pixels, result)
    done = {**result.adjustments, "strength": options.strength, "only": options.only, "change": result.change}
    written.attach_parasite(Gimp.Parasite.new(ADJUSTMENTS, _KEPT_AND_UNDOABLE, json.dumps(done).encode()))
    return written


def _own_pixels(layer: Gimp.Layer, source: Source, pixels: Any) -> tuple[str, Any]:
    """Return a format and the result in it as the layer stores it, with the layer's own alpha bit for bit."""
    own, rectangle = formats.own_format(layer), formats.whole(layer)
    if not layer.has_alpha() or (own == source.format and layer.get_mask() is None):
        return source.format, pixels
    original = formats.pixels_of(layer, rectangle, own)
    if own != source.format:
        pixels = formats.converted(pixels, rectangle, source.format, own)
    channels = 2 if layer.is_gray() else 4
    pixels = at_once(with_alpha_of(pixels, original, channels, layer.get_bpp() // channels))
    if own != source.format and source.mask is not None:
        pixels = at_once(restored_outside(pixels, original, source.mask))
    return own, pixels


def _insert(layer: Gimp.Layer, new: Gimp.Layer, name: str, pixels: Any, result: Result) -> Gimp.Layer:
    """Fill a new layer that is not in the picture yet, insert it above the original and hide the original."""
    image = layer.get_image()
    new.set_name(result_name(layer.get_name(), result.adjustments))
    locked = new.get_lock_content()
    # GIMP ends a plug-in that writes to locked pixels, even in a layer that is not in the picture yet.
    new.set_lock_content(False)
    formats.fill(new.get_buffer(), formats.whole(new), name, pixels)
    new.set_lock_content(locked)
    image.insert_layer(new, layer.get_parent(), image.get_item_position(layer))
    new.update(0, 0, new.get_width(), new.get_height())
    _hide(layer)
    return new


def _hide(layer: Gimp.Layer) -> None:
    locked = layer.get_lock_visibility()
    if locked:
        layer.set_lock_visibility(False)
    layer.set_visible(False)
    if locked:
        layer.set_lock_visibility(True)


def _replace(layer: Gimp.Layer, source: Source, name: str, pixels: Any) -> None:
    """Write into the layer itself. The result respects the selection already, so GIMP must not apply it again."""
    image = layer.get_image()
    selection = None if source.mask is None else Gimp.Selection.save(image)
    if selection is not None:
        Gimp.Selection.none(image)
    formats.fill(layer.get_shadow_buffer(), formats.whole(layer), name, pixels)
    layer.merge_shadow(True)
    layer.update(0, 0, layer.get_width(), layer.get_height())
    if selection is not None:
        _select(image, selection)
        image.remove_channel(selection)


def _select(image: Gimp.Image, channel: Gimp.Channel) -> None:
    """Make a channel the selection unchanged, whatever selection options the calling script has set."""
    Gimp.context_push()
    Gimp.context_set_feather(False)
    image.select_item(Gimp.ChannelOps.REPLACE, channel)
    Gimp.context_pop()


def _new_layer(layer: Gimp.Layer, source: Source) -> Gimp.Layer:
    """Return an empty pixel layer with the attributes of a layer of more than pixels, whose mask is in the result."""
    kind = Gimp.ImageType.GRAYA_IMAGE if layer.is_gray() else Gimp.ImageType.RGBA_IMAGE
    mode = layer.get_mode()
    new = Gimp.Layer.new(
        layer.get_image(),
        layer.get_name(),
        *source.size,
        kind,
        layer.get_opacity(),
        Gimp.LayerMode.NORMAL if mode == Gimp.LayerMode.PASS_THROUGH else mode,
    )
    new.set_offsets(*source.offset)
    for attribute in _ATTRIBUTES:
        getattr(new, f"set_{attribute}")(getattr(layer, f"get_{attribute}")())
    for parasite in layer.get_parasite_list():
        new.attach_parasite(layer.get_parasite(parasite))
    return new
