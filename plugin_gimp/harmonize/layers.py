"""Which layers are harmonized, and whether they can be."""

from __future__ import annotations

from client import raiha_texts as texts
from client.errors import LayerError
from gimp_api import Gimp


def chosen_layers(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """Return the selected layers: a mask stands for its layer, a group for everything in it.

    Raises:
        LayerError: nothing that can be harmonized is selected.
    """
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise LayerError(texts.INDEXED_COLOURS)
    if image.get_floating_sel() is not None:
        raise LayerError(texts.FLOATING_SELECTION)
    owners = [Gimp.Layer.from_mask(item) if isinstance(item, Gimp.LayerMask) else item for item in drawables]
    if not owners or not all(isinstance(item, Gimp.Layer) for item in owners):
        raise LayerError(texts.NO_LAYER)
    chosen = {item.get_id() for item in owners}
    return [item for item in owners if not any(group.get_id() in chosen for group in groups_of(item))]


def check(layer: Gimp.Layer, in_place: bool) -> None:
    """Raise ``LayerError`` if the layer cannot be harmonized, or its result cannot be written."""
    name = layer.get_name()
    groups = groups_of(layer)
    if not all(item.get_visible() for item in [layer, *groups]):
        raise LayerError(texts.LAYER_HIDDEN, layer=name)
    if layer.is_group() and not layer.get_children():
        raise LayerError(texts.LAYER_EMPTY, layer=name)
    for item in [layer, *groups] if in_place else groups:
        if item.get_lock_content():
            raise LayerError(texts.LAYER_LOCKED, layer=item.get_name())
    if not any(_is_visible(top, layer.get_id()) for top in layer.get_image().get_layers()):
        raise LayerError(texts.LAYER_ALONE, layer=name)


def groups_of(layer: Gimp.Layer) -> list[Gimp.Layer]:
    """Return the groups that contain a layer, innermost first."""
    groups = []
    while (layer := layer.get_parent()) is not None:
        groups.append(layer)
    return groups


def is_plain(layer: Gimp.Layer) -> bool:
    """Return whether the layer consists of pixels only: no group, no text, no non-destructive filters."""
    return type(layer) is Gimp.Layer and not layer.get_filters()


def _is_visible(layer: Gimp.Layer, left_out: int) -> bool:
    """Return whether a layer, or a layer in the group, is visible, apart from the layer whose id is left out."""
    if not layer.get_visible() or layer.get_id() == left_out:
        return False
    return not layer.is_group() or any(_is_visible(child, left_out) for child in layer.get_children())
