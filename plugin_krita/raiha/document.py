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


def background_without(document: Document, layer: Node, space: Space) -> Steps:
    """Return the flattened picture without a layer, in the given space; yield while Krita works.

    The layer is removed from a copy-on-write clone: the user's document is never changed.
    """
    size = (document.width(), document.height())
    clone = document.clone()
    try:
        clone.setBatchmode(True)
        clone.setCurrentTime(document.currentTime())
        yield
        clone.nodeByUniqueID(layer.uniqueId()).remove()
        yield from settled(clone)
        own = Space.of(document)
        pixels = yield from read_in_bands(clone.pixelData, (0, 0, *size), own.pixel_bytes)
    finally:
        forget(clone)
    return (yield from converted(pixels, size, own, space))
