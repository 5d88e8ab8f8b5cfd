"""Which layers are harmonized, and which are refused in a sentence."""

from __future__ import annotations

import pytest
from krita_mock import Document, Node, Rect, Selection, View
from stepping import run


def test_chosen_layers_leave_out_what_lies_in_a_chosen_group(document: Document) -> None:
    from krita_raiha.document import chosen_layers

    group = document.add(Node("group", "grouplayer"))
    inner = document.add(Node("inner"), group)
    mask = document.add(Node("mask", "transparencymask"), document.topLevelNodes()[1])
    names = [node.name() for node in chosen_layers(document, View([group, inner, mask]))]
    assert names == ["group", "object"]


def test_choice_of_another_document_is_not_trusted(document: Document) -> None:
    from krita_raiha.document import chosen_layers

    assert [node.name() for node in chosen_layers(document, View([Node("elsewhere")]))] == ["object"]


@pytest.mark.parametrize(
    ("attribute", "value", "word"), [("is_visible", False, "hidden"), ("is_locked", True, "locked")]
)
@pytest.mark.parametrize("holder", ["group", "inner"])
def test_hidden_and_locked_layers_are_refused(
    document: Document, attribute: str, value: bool, word: str, holder: str
) -> None:
    from krita_raiha.client.errors import LayerError
    from krita_raiha.document import chosen_layers

    group = document.add(Node("group", "grouplayer"))
    inner = document.add(Node("inner"), group)
    setattr({"group": group, "inner": inner}[holder], attribute, value)
    with pytest.raises(LayerError, match=f"The layer “inner” is {word}"):
        chosen_layers(document, View())


def test_no_layer_at_all_is_refused(document: Document) -> None:
    from krita_raiha.client.errors import LayerError
    from krita_raiha.document import chosen_layers

    document.active = None
    with pytest.raises(LayerError, match="No layer is selected"):
        chosen_layers(document, View())


def test_selection_over_the_layer_is_its_mask(document: Document) -> None:
    from krita_raiha.document import selection_mask

    document.chosen_selection = Selection(Rect(0, 1, 9, 1))
    assert run(selection_mask(document, (-1, 1, 2, 2), "object")) == bytes([0, 255, 0, 0])


def test_picture_without_the_layer_comes_from_a_clone(document: Document) -> None:
    from krita_raiha.colour_spaces import Space
    from krita_raiha.document import flattened

    picture, layer = document.topLevelNodes()
    assert run(flattened(document, Space.of(layer), layer)) == picture.pixels
    assert document.topLevelNodes() == [picture, layer]
    assert document.undo_steps == 0
