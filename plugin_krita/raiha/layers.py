"""A layer on its way to the daemon and back: copied from the document, its result put into it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from krita import Krita

from . import raiha_texts as texts
from .bands import read_in_bands, write_in_bands
from .colour_spaces import Space, converted, is_transparent, restored_outside, sent_space, with_alpha_of
from .document import background_without, selection_mask
from .errors import LayerError
from .kinds import Rect, Steps
from .waiting import settled

MASKS_THAT_KEEP_COLOURS = ("transparencymask", "selectionmask")


@dataclass
class LayerCopy:
    """A layer and what is around it, out of the document.

    Attributes:
        node: the layer in the document.
        name: its name.
        rect: where it lies; may reach beyond the canvas.
        own: the colour space of the layer that the result becomes.
        sent: the colour space of the pixels that travel.
        original: the layer's pixels in its own space.
        pixels: the pixels that travel; their alpha has the layer's transparency masks in it.
        mask: the selection, a byte a pixel; None without a selection.
        background: the picture without the layer, in the space that travels.
        canvas: width and height of the background.
        is_plain: the result is a copy of the layer with new pixels; else it is a new paint layer.
        notes: what the user should know about the result.
    """

    node: Any
    name: str
    rect: Rect
    own: Space
    sent: Space
    original: Any
    pixels: Any
    mask: Any
    background: Any
    canvas: tuple[int, int]
    is_plain: bool
    notes: list[str]


def copy_layer(document: Any, node: Any) -> Generator[None, None, LayerCopy]:
    """Copy a layer, the selection over it and the picture behind it; yields between Krita's slow steps.

    Raises:
        LayerError: the layer is empty, or there is no picture around it, or the selection misses it.
    """
    name = node.name()
    bounds = node.bounds()
    rect = (bounds.x(), bounds.y(), bounds.width(), bounds.height())
    if bounds.isEmpty() or node.type() == "filterlayer":
        raise LayerError(texts.LAYER_EMPTY, layer=name)
    is_plain = _is_plain(node)
    own = Space.of(node if _has_own_pixels(node) else document)
    sent = sent_space(own)
    mask = yield from selection_mask(document, rect, name)
    original, visible = yield from _pixels(node, rect, own)
    if (yield from is_transparent(visible, own)):
        raise LayerError(texts.LAYER_EMPTY, layer=name)
    pixels = yield from converted(visible, rect[2:], own, sent)
    background = yield from background_without(document, node, sent)
    if (yield from is_transparent(background, sent)):
        raise LayerError(texts.LAYER_ALONE, layer=name)
    canvas = (document.width(), document.height())
    notes = _notes(node, is_plain)
    return LayerCopy(node, name, rect, own, sent, original, pixels, mask, background, canvas, is_plain, notes)


def _masks(node: Any) -> list[Any]:
    return [child for child in node.childNodes() if child.type().endswith("mask") and child.visible()]


def _has_own_pixels(node: Any) -> bool:
    """Return whether the layer's own pixels are what is seen of it, but for its transparency."""
    only_transparency = all(mask.type() in MASKS_THAT_KEEP_COLOURS for mask in _masks(node))
    return node.type() == "paintlayer" and only_transparency


def _is_plain(node: Any) -> bool:
    return _has_own_pixels(node) and not node.animated()


def _pixels(node: Any, rect: Rect, own: Space) -> Steps:
    """Return the pixels to be changed, and the same with the alpha that is seen."""
    if not _has_own_pixels(node):
        projection = yield from read_in_bands(node.projectionPixelData, rect, own.pixel_bytes)
        return projection, projection
    original = yield from read_in_bands(node.pixelData, rect, own.pixel_bytes)
    if not _masks(node):
        return original, original
    projection = yield from read_in_bands(node.projectionPixelData, rect, own.pixel_bytes)
    return original, (yield from with_alpha_of(original, projection, own))


def _notes(node: Any, is_plain: bool) -> list[str]:
    if node.animated():
        return [texts.NOTE_ONE_FRAME.format(layer=node.name())]
    return [] if is_plain else [texts.NOTE_FLATTENED.format(layer=node.name())]


def result_pixels(copy: LayerCopy, answer: Any) -> Steps:
    """Return the daemon's pixels as the layer holds them: its own space, its own alpha bit for bit."""
    if copy.sent == copy.own and copy.pixels is copy.original:
        return answer
    pixels = yield from converted(answer, copy.rect[2:], copy.sent, copy.own)
    pixels = yield from with_alpha_of(pixels, copy.original, copy.own)
    if copy.mask is not None and copy.sent != copy.own:
        yield from restored_outside(pixels, copy.original, copy.mask, copy.own.pixel_bytes)
    return pixels


def place_result(document: Any, copy: LayerCopy, pixels: Any, *, in_place: bool) -> Generator[None, None, int]:
    """Put the result into the document; return how many undo steps that takes back.

    An animated layer is never replaced: its other frames would be lost.
    """
    replaces = in_place and not copy.node.animated()
    new = _empty_layer(document, copy)
    # It is not in the document yet: filling it is no undo step.
    yield from write_in_bands(new.setPixelData, pixels, copy.rect, copy.own.pixel_bytes)
    new.setName(copy.name if replaces else texts.RESULT_NAME.format(layer=copy.name))
    yield
    copy.node.parentNode().addChildNode(new, copy.node)
    yield from settled(document)
    if replaces:
        copy.node.remove()
    else:
        yield from _hide(document, copy.node)
    yield from settled(document)
    document.setActiveNode(new)
    document.setModified(True)
    return 2


def _empty_layer(document: Any, copy: LayerCopy) -> Any:
    """Return a layer outside the document for the result: a copy of the layer itself wherever that can be."""
    if copy.is_plain:
        new = copy.node.clone() if hasattr(copy.node, "clone") else copy.node.duplicate()
    else:
        new = document.createNode(copy.name, "paintlayer")
        mode = copy.node.blendingMode()
        new.setBlendingMode("normal" if mode == "pass through" else mode)
        new.setOpacity(copy.node.opacity())
    return new


def _hide(document: Any, node: Any) -> Generator[None, None, None]:
    """Hide a layer as the user would: setVisible is no undo step, the action is one."""
    document.setActiveNode(node)
    while not _is_active(node):
        yield
    yield
    Krita.instance().action("toggle_layer_visibility").trigger()
    yield from settled(document)


def _is_active(node: Any) -> bool:
    """Return whether actions reach a layer: it is the active one of the document that the user is looking at."""
    document = Krita.instance().activeDocument()
    active = None if document is None else document.activeNode()
    return active is not None and active.uniqueId() == node.uniqueId()
