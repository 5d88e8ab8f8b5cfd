"""What the plug-in asks of a document: the chosen layers, the selection, the picture without a layer."""

from __future__ import annotations

from typing import Any

from . import raiha_texts as texts
from .bands import read_in_bands
from .colour_spaces import Space, converted, forget
from .errors import LayerError
from .kinds import Rect, Steps
from .waiting import settled


def chosen_layers(document: Any, view: Any) -> list[Any]:
    """Return the layers to harmonize, without those that lie in another chosen one.

    Raises:
        LayerError: there is none, or one of them is hidden or locked.
    """
    active = document.activeNode()
    chosen = list(view.selectedNodes())
    # After a change of document Krita goes on telling the other one's choice for a moment.
    if active is not None and _key(active) not in map(_key, chosen):
        chosen = [active]
    layers: dict[str, Any] = {}
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


def _key(node: Any) -> str:
    return node.uniqueId().toString()


def _layer_of(node: Any) -> Any:
    """Return the layer that a mask belongs to, or the layer itself; None for what belongs to the document."""
    while node is not None and node.type().endswith("mask"):
        node = node.parentNode()
    return None if node is None or node.parentNode() is None else node


def _above(node: Any) -> list[Any]:
    """Return the groups around a node, innermost first."""
    groups = []
    parent = node.parentNode()
    while parent is not None:
        groups.append(parent)
        parent = parent.parentNode()
    return groups


def _check_reachable(layer: Any) -> None:
    groups = _above(layer)[:-1]
    if not all(node.visible() for node in [layer, *groups]):
        raise LayerError(texts.LAYER_HIDDEN, layer=layer.name())
    if any(node.locked() for node in [layer, *groups]):
        raise LayerError(texts.LAYER_LOCKED, layer=layer.name())


def selection_mask(document: Any, rect: Rect, name: str) -> Steps:
    """Return the selection over a rectangle, a byte a pixel, 255 = selected; None: nothing is selected.

    Yields between bands.

    Raises:
        LayerError: there is a selection, but not over the rectangle.
    """
    selection = document.selection()
    if selection is None:
        return None
    mask = yield from read_in_bands(selection.pixelData, rect, 1)
    if mask.count(0) == len(mask):
        raise LayerError(texts.SELECTION_ELSEWHERE, layer=name)
    return mask


def background_without(document: Any, layer: Any, space: Space) -> Steps:
    """Return the flattened picture without a layer, in the given space; yields while Krita works.

    A clone of the document, which copies on write, is changed: the user's document never is.
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
