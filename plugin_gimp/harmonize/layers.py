"""Which layers are to be harmonized, and whether they can be."""

from __future__ import annotations

import gi

gi.require_version("Gimp", "3.0")
import raiha_texts as texts  # noqa: E402
from errors import FLOATING_SELECTION, INDEXED, layer_error  # noqa: E402
from gi.repository import Gimp  # noqa: E402


def chosen_layers(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """Return the layers to be harmonized: a layer for its mask, a group for everything in it.

    Raises:
        ClientError: nothing that can be harmonized is chosen.
    """
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise layer_error("indexed", INDEXED)
    if image.get_floating_sel() is not None:
        raise layer_error("floating-selection", FLOATING_SELECTION)
    owners = [Gimp.Layer.from_mask(item) if isinstance(item, Gimp.LayerMask) else item for item in drawables]
    if not owners or not all(isinstance(item, Gimp.Layer) for item in owners):
        raise layer_error("no-layer", texts.NO_LAYER)
    chosen = {item.get_id() for item in owners}
    return [item for item in owners if not any(group.get_id() in chosen for group in groups_of(item))]


def check(layer: Gimp.Layer, in_place: bool) -> None:
    """Raise ``ClientError`` if the layer cannot be harmonized, or its result not be written."""
    name = layer.get_name()
    groups = groups_of(layer)
    if not all(item.get_visible() for item in [layer, *groups]):
        raise layer_error("hidden-layer", texts.LAYER_HIDDEN, layer=name)
    if layer.is_group() and not layer.get_children():
        raise layer_error("empty-layer", texts.LAYER_EMPTY, layer=name)
    for item in [layer, *groups] if in_place else groups:
        if item.get_lock_content():
            raise layer_error("locked-layer", texts.LAYER_LOCKED, layer=item.get_name())
    if not any(_shows(top, layer.get_id()) for top in layer.get_image().get_layers()):
        raise layer_error("no-background", texts.LAYER_ALONE, layer=name)


def groups_of(layer: Gimp.Layer) -> list[Gimp.Layer]:
    """Return the groups that a layer is in, the innermost first."""
    groups = []
    while (layer := layer.get_parent()) is not None:
        groups.append(layer)
    return groups


def is_plain(layer: Gimp.Layer) -> bool:
    """Return whether the layer is nothing but pixels: no group, no text, no filters that stay editable."""
    return type(layer) is Gimp.Layer and not layer.get_filters()


def _shows(layer: Gimp.Layer, without: int) -> bool:
    """Return whether a layer, or one in the group, is visible, leaving out the layer of that id."""
    if not layer.get_visible() or layer.get_id() == without:
        return False
    return not layer.is_group() or any(_shows(child, without) for child in layer.get_children())
