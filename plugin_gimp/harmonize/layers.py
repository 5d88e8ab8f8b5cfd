"""Which layers are harmonized, and whether they can be."""

from __future__ import annotations

from client import raiha_texts as texts
from client.errors import LayerError
from coverage import covers_picture, is_part_selected, visible_above
from gimp_api import Gimp
from layer_tree import groups_of, is_any_visible


class WrongLayerError(LayerError):
    """The chosen layer is the picture itself, and the object probably is the layer ``above``."""

    def __init__(self, layer: Gimp.Layer, above: Gimp.Layer) -> None:
        super().__init__(texts.LAYER_COVERS, layer=layer.get_name())
        self.layer, self.above = layer, above


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
    _check_surroundings(layer)


def is_plain(layer: Gimp.Layer) -> bool:
    """Return whether the layer consists of pixels only: no group, no text, no non-destructive filters."""
    return type(layer) is Gimp.Layer and not layer.get_filters()


def _check_surroundings(layer: Gimp.Layer) -> None:
    """Raise ``LayerError`` if nothing separates the object from the picture around it."""
    image, name = layer.get_image(), layer.get_name()
    if is_part_selected(image):
        return
    if covers_picture(layer):
        above = visible_above(layer)
        if above is not None:
            raise WrongLayerError(layer, above)
        words = texts.LAYER_COVERS if Gimp.Selection.is_empty(image) else texts.SELECTION_WHOLE
        raise LayerError(words, layer=name)
    if not is_any_visible(image.get_layers(), left_out=layer.get_id()):
        raise LayerError(texts.LAYER_ALONE, layer=name)
