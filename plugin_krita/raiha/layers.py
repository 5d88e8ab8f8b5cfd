"""Copies a layer from the document for the daemon, and puts its result into the document."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from krita import Krita

from .bands import Rect, read_in_bands, write_in_bands
from .client import raiha_texts as texts
from .client.adjustments import result_name
from .client.errors import LayerError
from .client.raiha_client import Frame
from .client.raiha_plugin import Composite, Steps, is_opaque, is_transparent, restored_outside, with_alpha_of
from .colour_spaces import Space, converted, profile_bytes, sent_space
from .document import covering_error, flattened, selection_mask
from .waiting import settled

if TYPE_CHECKING:
    from krita import Document, Node

UNDO_STEPS = 2
"""Of a result: Krita's scripts cannot join adding a layer with hiding or removing the original."""
MASKS_THAT_KEEP_COLOURS = ("transparencymask", "selectionmask")


@dataclass
class LayerCopy:
    """A layer and its surroundings, copied from the document.

    Attributes:
        node: the layer in the document.
        name: its name.
        rect: its rectangle; may extend beyond the canvas.
        own: the colour space of the result's layer.
        sent: the colour space of the pixels that travel.
        original: the layer's pixels in its own space.
        pixels: the pixels that travel; their alpha includes the layer's transparency masks.
        mask: the selection, a byte per pixel; None without a selection.
        background: the flattened picture without the layer, or with it if it covers the whole picture, in the space
            that travels.
        canvas: width and height of the background.
        is_plain: whether the result is a copy of the layer with new pixels, and not a new paint layer.
        notes: sentences for the user about the result.
    """

    node: Node
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

    def composite(self) -> Composite:
        """Return the frames that are sent."""
        x, y, width, height = self.rect
        order, dtype = self.sent.order, self.sent.dtype
        return Composite(
            layer=Frame(memoryview(self.pixels), width, height, order, dtype),
            background=Frame(memoryview(self.background), *self.canvas, order, dtype),
            mask=None if self.mask is None else Frame(self.mask, width, height, "GRAY", "uint8"),
            profile=profile_bytes(self.sent),
            offset=(x, y),
        )


class LayerResult(NamedTuple):
    """A harmonized layer.

    Attributes:
        pixels: in the layer's own space.
        adjustment: what was done, as the protocol has it.
    """

    pixels: Any
    adjustment: Mapping[str, Any]


def copy_layer(document: Document, node: Node) -> Generator[None, None, LayerCopy]:
    """Copy a layer, the selection over it and the picture around it; yield between Krita's slow steps.

    If the layer covers the whole picture, the object is what is selected of it, and the picture around the object is
    the whole picture.

    Raises:
        LayerError: the layer or the picture around it is empty, or the selection does not overlap the layer.
        WrongLayerError: the layer covers the whole picture, nothing is selected, and another layer lies above it.
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
    if (yield from is_transparent(visible, own.channels, own.sample_bytes)):
        raise LayerError(texts.LAYER_EMPTY, layer=name)
    covers = yield from _covers(document, node, rect, own, visible)
    if covers and mask is None:
        raise covering_error(node)
    if covers and mask.count(255) == len(mask):
        raise LayerError(texts.SELECTION_WHOLE)
    pixels = yield from converted(visible, (rect[2], rect[3]), own, sent)
    background = yield from flattened(document, sent, None if covers else node)
    if (yield from is_transparent(background, sent.channels, sent.sample_bytes)):
        raise LayerError(texts.LAYER_ALONE, layer=name)
    canvas = (document.width(), document.height())
    notes = _notes(node, is_plain)
    return LayerCopy(node, name, rect, own, sent, original, pixels, mask, background, canvas, is_plain, notes)


def _covers(document: Document, node: Node, rect: Rect, own: Space, visible: Any) -> Steps:
    """Return whether nothing below the layer, whose pixels and visible alpha are given, can be seen."""
    x, y, width, height = rect
    if x > 0 or y > 0 or x + width < document.width() or y + height < document.height():
        return False
    if node.opacity() < 255 or node.blendingMode() not in ("normal", "pass through"):
        return False
    return (yield from is_opaque(visible, own.channels, own.sample_bytes, own.dtype))


def _masks(node: Node) -> list[Node]:
    return [child for child in node.childNodes() if child.type().endswith("mask") and child.visible()]


def _has_own_pixels(node: Node) -> bool:
    """Return whether the layer shows its own pixels, apart from their transparency."""
    only_transparency = all(mask.type() in MASKS_THAT_KEEP_COLOURS for mask in _masks(node))
    return node.type() == "paintlayer" and only_transparency


def _is_plain(node: Node) -> bool:
    return _has_own_pixels(node) and not node.animated()


def _pixels(node: Node, rect: Rect, own: Space) -> Steps:
    """Return the layer's pixels, and the same pixels with the alpha that is visible."""
    if not _has_own_pixels(node):
        projection = yield from read_in_bands(node.projectionPixelData, rect, own.pixel_bytes)
        return projection, projection
    original = yield from read_in_bands(node.pixelData, rect, own.pixel_bytes)
    if not _masks(node):
        return original, original
    projection = yield from read_in_bands(node.projectionPixelData, rect, own.pixel_bytes)
    return original, (yield from with_alpha_of(original, projection, own.channels, own.sample_bytes))


def _notes(node: Node, is_plain: bool) -> list[str]:
    if node.animated():
        return [texts.NOTE_ONE_FRAME.format(layer=node.name())]
    return [] if is_plain else [texts.NOTE_FLATTENED.format(layer=node.name())]


def result_pixels(copy: LayerCopy, answer: Any) -> Steps:
    """Return the daemon's pixels in the layer's own space, with the layer's own alpha bit for bit."""
    if copy.sent == copy.own and copy.pixels is copy.original:
        return answer
    pixels = yield from converted(answer, (copy.rect[2], copy.rect[3]), copy.sent, copy.own)
    pixels = yield from with_alpha_of(pixels, copy.original, copy.own.channels, copy.own.sample_bytes)
    if copy.mask is not None and copy.sent != copy.own:
        yield from restored_outside(pixels, copy.original, copy.mask)
    return pixels


def place_result(
    document: Document, copy: LayerCopy, result: LayerResult, *, in_place: bool
) -> Generator[None, None, int]:
    """Put the result into the document; return how many undo steps remove it again.

    An animated layer is never replaced: its other frames would be lost.
    """
    replaces = in_place and not copy.node.animated()
    new = _empty_layer(document, copy)
    # Filling a layer that is not in the document yet is no undo step.
    yield from write_in_bands(new.setPixelData, result.pixels, copy.rect, copy.own.pixel_bytes)
    new.setName(copy.name if replaces else result_name(copy.name, result.adjustment))
    yield
    parent = copy.node.parentNode()
    assert parent is not None  # only the document's root has none
    parent.addChildNode(new, copy.node)
    yield from settled(document)
    if replaces:
        copy.node.remove()
    else:
        yield from _hide(document, copy.node)
    yield from settled(document)
    document.setActiveNode(new)
    document.setModified(True)
    return UNDO_STEPS


def _empty_layer(document: Document, copy: LayerCopy) -> Node:
    """Return a layer outside the document for the result: a copy of the layer itself wherever possible."""
    if copy.is_plain:
        new = copy.node.clone() if hasattr(copy.node, "clone") else copy.node.duplicate()
    else:
        new = document.createNode(copy.name, "paintlayer")
        mode = copy.node.blendingMode()
        new.setBlendingMode("normal" if mode == "pass through" else mode)
        new.setOpacity(copy.node.opacity())
    return new


def _hide(document: Document, node: Node) -> Generator[None, None, None]:
    """Hide a layer by the user's own action, which can be undone; setVisible cannot."""
    document.setActiveNode(node)
    while not _is_active(node):
        yield
    yield
    Krita.instance().action("toggle_layer_visibility").trigger()
    yield from settled(document)


def _is_active(node: Node) -> bool:
    """Return whether actions apply to a layer: it is the active layer of the document in the foreground."""
    document = Krita.instance().activeDocument()
    active = None if document is None else document.activeNode()
    return active is not None and active.uniqueId() == node.uniqueId()
