"""Reads from a document: the selected layers, the selection, and the picture without a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bands import Rect, read_in_bands
from .client import raiha_texts as texts
from .client.errors import LayerError
from .client.raiha_plugin import Steps
from .colour_spaces import Space, converted, forget
from .waiting import settled

if TYPE_CHECKING:
    from krita import Document, Node, View

LAYERS_WITH_OBJECTS = ("paintlayer", "grouplayer", "vectorlayer", "clonelayer", "filelayer")


def chosen_layers(document: Document, view: View) -> list[Node]:
    """Return the selected layers, without those inside another selected layer.

    Raises:
        LayerError: no layer is selected, or a selected layer is hidden or locked.
    """
    active = document.activeNode()
    chosen = list(view.selectedNodes())
    # After a switch to another document, Krita still reports the former document's selection for a moment.
    if active is not None and _key(active) not in map(_key, chosen):
        chosen = [active]
    layers: dict[str, Node] = {}
    for node in chosen:
        layer = _layer_of(node)
        if layer is not None:
            layers.setdefault(_key(layer), layer)
    outermost = [layer for layer in layers.values() if not any(_key(up) in layers for up in _above(layer))]
    if not outermost:
        raise LayerError(texts.NO_LAYER)
    for layer in outermost:
        _check_reachable(layer)
    return outermost


def _key(node: Node) -> str:
    return node.uniqueId().toString()


def _layer_of(node: Node) -> Node | None:
    """Return the layer of a mask, or the layer itself; None for a mask of the whole document."""
    layer: Node | None = node
    while layer is not None and layer.type().endswith("mask"):
        layer = layer.parentNode()
    return None if layer is None or layer.parentNode() is None else layer


def _above(node: Node) -> list[Node]:
    """Return the groups that contain a node, innermost first."""
    groups = []
    parent = node.parentNode()
    while parent is not None:
        groups.append(parent)
        parent = parent.parentNode()
    return groups


def _check_reachable(layer: Node) -> None:
    groups = _above(layer)[:-1]
    if not all(node.visible() for node in [layer, *groups]):
        raise LayerError(texts.LAYER_HIDDEN, layer=layer.name())
    if any(node.locked() for node in [layer, *groups]):
        raise LayerError(texts.LAYER_LOCKED, layer=layer.name())


class WrongLayerError(LayerError):
    """The chosen layer covers the picture and leaves nothing to match it to, but another lies above it.

    Attributes:
        above: the layer that is probably meant.
    """

    def __init__(self, name: str, above: Node) -> None:
        super().__init__(texts.LAYER_COVERS, layer=name)
        self.question = texts.LAYER_BELOW.format(layer=name, above=above.name())
        self.above = above


def covering_error(layer: Node) -> LayerError:
    """Return the error for a layer that covers the picture, without a selection in it."""
    above = visible_above(layer)
    if above is None:
        return LayerError(texts.LAYER_COVERS, layer=layer.name())
    return WrongLayerError(layer.name(), above)


def visible_above(layer: Node) -> Node | None:
    """Return the topmost visible layer above a layer, in its own group first; None if there is none."""
    for item in [layer, *_above(layer)[:-1]]:
        parent = item.parentNode()
        siblings = [] if parent is None else parent.childNodes()
        keys = [_key(sibling) for sibling in siblings]
        for sibling in reversed(siblings[keys.index(_key(item)) + 1 :] if siblings else []):
            if sibling.type() in LAYERS_WITH_OBJECTS and sibling.visible() and not sibling.bounds().isEmpty():
                return sibling
    return None


def selection_mask(document: Document, rect: Rect, name: str) -> Steps:
    """Return the selection over a rectangle, a byte per pixel, 255 = selected; None without a selection.

    Yield after every band.

    Raises:
        LayerError: there is a selection, but it does not overlap the rectangle.
    """
    selection = document.selection()
    if selection is None:
        return None
    mask = yield from read_in_bands(selection.pixelData, rect, 1)
    if mask.count(0) == len(mask):
        raise LayerError(texts.SELECTION_ELSEWHERE, layer=name)
    return mask


def flattened(document: Document, space: Space, without: Node | None) -> Steps:
    """Return the flattened picture in the given space, without a layer if one is given; yield while Krita works.

    The layer is removed from a copy-on-write clone: the user's document is never changed.
    """
    size = (document.width(), document.height())
    clone = document.clone()
    try:
        clone.setBatchmode(True)
        clone.setCurrentTime(document.currentTime())
        yield
        if without is not None:
            clone.nodeByUniqueID(without.uniqueId()).remove()
        yield from settled(clone)
        own = Space.of(document)
        pixels = yield from read_in_bands(clone.pixelData, (0, 0, *size), own.pixel_bytes)
    finally:
        forget(clone)
    return (yield from converted(pixels, size, own, space))
