"""A layer's way out of the document and its result's way back."""

from __future__ import annotations

from typing import Any

import pytest
from krita_mock import Document, Node, Rect, Selection, layer_names
from stepping import run

RESULT = "object (harmonized: Exposure +0.25 EV)"


def copied(document: Document, node: Node | None = None) -> Any:
    from krita_raiha.layers import copy_layer

    return run(copy_layer(document, node or document.topLevelNodes()[1]))


def placed(document: Document, copy: Any, pixels: bytes, *, in_place: bool) -> int:
    from krita_raiha.layers import LayerResult, place_result, result_pixels

    result = LayerResult(run(result_pixels(copy, pixels)), {"exposure": 0.25})
    steps: int = run(place_result(document, copy, result, in_place=in_place))
    return steps


def test_plain_layer_travels_as_it_is(document: Document) -> None:
    copy = copied(document)
    assert copy.pixels == document.topLevelNodes()[1].pixels
    assert (copy.rect, copy.canvas, copy.mask) == ((-1, 1, 2, 2), (4, 3), None)
    assert (copy.sent.order, copy.sent.dtype) == ("BGRA", "uint8")


def test_result_is_a_layer_above_and_the_original_is_hidden(document: Document) -> None:
    result = b"\x09\x08\x07\xff" * 4
    assert placed(document, copied(document), result, in_place=False) == document.undo_steps == 2
    assert layer_names(document) == [("picture", True), ("object", False), (RESULT, True)]
    assert document.topLevelNodes()[2].pixels == result
    assert document.is_modified


def test_result_in_place_keeps_name_mode_and_masks(document: Document) -> None:
    layer = document.topLevelNodes()[1]
    layer.mode, layer._opacity = "multiply", 100
    document.add(Node("mask", "transparencymask"), layer)
    assert placed(document, copied(document), layer.pixels, in_place=True) == document.undo_steps == 2
    assert layer_names(document) == [("picture", True), ("object", True)]
    new = document.topLevelNodes()[1]
    assert new is not layer
    assert (new.blendingMode(), new.opacity(), [child.type() for child in new.childNodes()]) == (
        "multiply",
        100,
        ["transparencymask"],
    )


def test_transparency_mask_goes_into_what_travels_and_not_into_the_result(document: Document) -> None:
    layer = document.topLevelNodes()[1]
    document.add(Node("mask", "transparencymask"), layer)
    layer.projection = b"\0\0\0\x80" * 4
    copy = copied(document)
    assert bytes(copy.pixels) == b"\x01\x02\x03\x80" * 4
    placed(document, copy, b"\x09\x08\x07\x80" * 4, in_place=True)
    assert document.topLevelNodes()[1].pixels == b"\x09\x08\x07\xff" * 3 + b"\x09\x08\x07\x00"


def test_hidden_mask_does_not_count(document: Document) -> None:
    layer = document.topLevelNodes()[1]
    document.add(Node("mask", "transparencymask"), layer).is_visible = False
    layer.projection = b"never"
    assert copied(document).pixels == layer.pixels


@pytest.mark.parametrize("kind", ["grouplayer", "vectorlayer", "clonelayer", "filelayer"])
def test_layer_without_own_pixels_becomes_a_paint_layer(document: Document, kind: str) -> None:
    seen = b"\x05\x05\x05\xff" * 4
    other = document.add(Node("other", kind, Rect(0, 0, 2, 2)))
    other.projection, other.mode = seen, "pass through"
    copy = copied(document, other)
    assert copy.notes == ["The result of “other” is a plain paint layer."]
    placed(document, copy, seen, in_place=True)
    new = document.topLevelNodes()[-1]
    assert (new.type(), new.name(), new.blendingMode(), new.pixels) == ("paintlayer", "other", "normal", seen)


def test_animated_layer_is_never_replaced(document: Document) -> None:
    layer = document.topLevelNodes()[1]
    layer.is_animated = True
    copy = copied(document)
    assert "only its current frame" in copy.notes[0]
    placed(document, copy, layer.pixels, in_place=True)
    assert layer in document.topLevelNodes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rect": Rect(0, 0, 0, 0)}, "The layer “object” is empty."),
        ({"pixels": bytes(16)}, "The layer “object” is empty."),
    ],
)
def test_empty_layer_is_refused(document: Document, change: dict[str, Any], sentence: str) -> None:
    from krita_raiha.client.errors import LayerError

    for name, value in change.items():
        setattr(document.topLevelNodes()[1], name, value)
    with pytest.raises(LayerError, match=sentence):
        copied(document)


def test_layer_without_a_picture_around_it_is_refused(document: Document) -> None:
    from krita_raiha.client.errors import LayerError

    document.topLevelNodes()[0].pixels = bytes(48)
    with pytest.raises(LayerError, match="Nothing is visible apart from the layer “object”"):
        copied(document)


def test_selection_elsewhere_is_refused(document: Document) -> None:
    from krita_raiha.client.errors import LayerError

    document.chosen_selection = Selection(Rect(3, 0, 1, 1))
    with pytest.raises(LayerError, match="The selection does not overlap the layer “object”"):
        copied(document)


def flat(document: Document) -> Node:
    """Return the layer with the picture, which covers it, as the only layer."""
    document.root.children.pop()
    picture = document.topLevelNodes()[0]
    picture.pixels = b"\x01\x02\x03\xff" * 12
    return picture


def test_selection_in_a_flat_picture_is_the_object(document: Document) -> None:
    picture = flat(document)
    document.chosen_selection = Selection(Rect(1, 1, 2, 1))
    copy = copied(document, picture)
    assert bytes(copy.background) == bytes(copy.pixels) == picture.pixels
    assert bytes(copy.mask) == bytes([0] * 5 + [255, 255] + [0] * 5)


@pytest.mark.parametrize(
    ("selection", "sentence", "remedy"),
    [
        (None, "covers the whole picture", "Select the object first, or put it on its own layer."),
        (Selection(Rect(0, 0, 4, 3)), "The selection covers the whole picture.", "Select only the object"),
    ],
)
def test_flat_picture_without_an_object_is_refused(
    document: Document, selection: Selection | None, sentence: str, remedy: str
) -> None:
    from krita_raiha.client.errors import LayerError

    picture = flat(document)
    document.chosen_selection = selection
    with pytest.raises(LayerError, match=sentence) as caught:
        copied(document, picture)
    assert remedy in caught.value.remedy


def test_layer_above_is_offered_in_place_of_the_picture(document: Document) -> None:
    from krita_raiha.document import WrongLayerError

    picture, layer = document.topLevelNodes()
    picture.pixels = b"\x01\x02\x03\xff" * 12
    with pytest.raises(WrongLayerError) as caught:
        copied(document, picture)
    assert caught.value.above is layer
    assert "Harmonize “object” instead?" in caught.value.question
    layer.is_visible = False
    with pytest.raises(Exception, match="covers the whole picture") as caught_alone:
        copied(document, picture)
    assert not isinstance(caught_alone.value, WrongLayerError)


def test_nothing_happens_to_the_document_while_copying(document: Document) -> None:
    before = layer_names(document)
    copied(document)
    assert (layer_names(document), document.undo_steps, document.is_modified) == (before, 0, False)
