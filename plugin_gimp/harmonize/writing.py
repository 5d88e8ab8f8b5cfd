"""Puts a harmonized layer into the picture: as a new layer above the original, or in its place."""

from __future__ import annotations

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
import formats  # noqa: E402
import raiha_texts as texts  # noqa: E402
from gi.repository import Gimp  # noqa: E402
from layers import is_plain  # noqa: E402
from pixels import restored_outside, with_alpha_of  # noqa: E402
from raiha_client import Frame  # noqa: E402
from reading import Reading  # noqa: E402

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


def write(layer: Gimp.Layer, reading: Reading, result: Frame, in_place: bool) -> Gimp.Layer:
    """Put the harmonized pixels into the picture and return the layer that has them.

    What is more than pixels (a group, a text, a layer with filters) is kept: its result is always a new layer.
    """
    if not is_plain(layer):
        return _insert(layer, _new_layer(layer, reading), reading.format, bytes(result.data))
    name, pixels = _own_pixels(layer, reading, bytes(result.data))
    if not in_place:
        return _insert(layer, layer.copy(), name, pixels)
    _replace(layer, reading, name, pixels)
    return layer


def _own_pixels(layer: Gimp.Layer, reading: Reading, pixels: bytes) -> tuple[str, bytes]:
    """Return the answer as the layer holds it, and in which format: its alpha is the layer's own, bit for bit."""
    own, rectangle = formats.own_format(layer), formats.whole(layer)
    if not layer.has_alpha() or (own == reading.format and layer.get_mask() is None):
        return reading.format, pixels
    original = formats.pixels_of(layer, rectangle, own)
    if own != reading.format:
        pixels = formats.converted(pixels, rectangle, reading.format, own)
        if reading.mask is not None:
            pixels = restored_outside(pixels, original, reading.mask.data)
    channels = 2 if layer.is_gray() else 4
    return own, with_alpha_of(original, pixels, channels, layer.get_bpp() // channels)


def _insert(layer: Gimp.Layer, new: Gimp.Layer, name: str, pixels: bytes) -> Gimp.Layer:
    """Fill the new layer, which is not in the picture yet, put it above the other and hide that."""
    image = layer.get_image()
    new.set_name(texts.RESULT_NAME.format(layer=layer.get_name()))
    locked = new.get_lock_content()
    # GIMP ends a plug-in that writes to locked pixels, also in a layer that is not in the picture yet.
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


def _replace(layer: Gimp.Layer, reading: Reading, name: str, pixels: bytes) -> None:
    """Write into the layer itself. The answer has the selection in it, so GIMP must not apply it once more."""
    image = layer.get_image()
    selection = None if reading.mask is None else Gimp.Selection.save(image)
    if selection is not None:
        Gimp.Selection.none(image)
    formats.fill(layer.get_shadow_buffer(), formats.whole(layer), name, pixels)
    layer.merge_shadow(True)
    layer.update(0, 0, layer.get_width(), layer.get_height())
    if selection is not None:
        _select(image, selection)
        image.remove_channel(selection)


def _select(image: Gimp.Image, channel: Gimp.Channel) -> None:
    """Make a channel the selection as it is, whatever the calling script has set for selections."""
    Gimp.context_push()
    Gimp.context_set_feather(False)
    image.select_item(Gimp.ChannelOps.REPLACE, channel)
    Gimp.context_pop()


def _new_layer(layer: Gimp.Layer, reading: Reading) -> Gimp.Layer:
    """Return an ordinary layer for the pixels of one that is more, with its attributes; its mask is in the pixels."""
    kind = Gimp.ImageType.GRAYA_IMAGE if layer.is_gray() else Gimp.ImageType.RGBA_IMAGE
    mode = layer.get_mode()
    new = Gimp.Layer.new(
        layer.get_image(),
        layer.get_name(),
        reading.layer.width,
        reading.layer.height,
        kind,
        layer.get_opacity(),
        Gimp.LayerMode.NORMAL if mode == Gimp.LayerMode.PASS_THROUGH else mode,
    )
    new.set_offsets(*reading.offset)
    for attribute in _ATTRIBUTES:
        getattr(new, f"set_{attribute}")(getattr(layer, f"get_{attribute}")())
    for parasite in layer.get_parasite_list():
        new.attach_parasite(layer.get_parasite(parasite))
    return new
