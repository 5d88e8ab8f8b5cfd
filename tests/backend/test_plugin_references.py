"""The list of references: used, pinned and excluded ones."""

from __future__ import annotations

import pytest

from raiha.backend.client import raiha_texts as texts
from raiha.backend.client.raiha_client import Reference
from raiha.backend.client.raiha_plugin import ChosenReferences, Row

FOUND = Reference("/photos/a.jpg", 0.8, 0.7, 0.9, b"jpeg a")
OTHER = Reference("/photos/b.jpg", 0.6, 0.5, 0.9, b"jpeg b")
WHY = texts.reference_reason(FOUND.content, FOUND.appearance)
EXPLANATION = texts.reference_explanation(FOUND.path, FOUND.content, FOUND.appearance)


def test_used_references_come_first_with_their_reason() -> None:
    chosen = ChosenReferences(["/desk/mine.jpg"], ["/photos/no.jpg"])
    chosen.show([FOUND])
    assert chosen.rows() == [
        Row(FOUND.path, [WHY], EXPLANATION, b"jpeg a", False, False),
        Row("/desk/mine.jpg", [texts.REFERENCE_PINNED], "/desk/mine.jpg", None, True, False),
        Row("/photos/no.jpg", [texts.REFERENCE_EXCLUDED], "/photos/no.jpg", None, False, True),
    ]


def test_an_excluded_photo_stays_in_the_list_with_its_thumbnail() -> None:
    chosen = ChosenReferences([], [])
    chosen.show([FOUND, OTHER])
    chosen.exclude(FOUND.path, True)
    chosen.show([OTHER])
    row = chosen.rows()[1]
    assert (row.path, row.excluded, row.thumbnail) == (FOUND.path, True, b"jpeg a")
    chosen.exclude(FOUND.path, False)
    assert [row.path for row in chosen.rows()] == [OTHER.path]


@pytest.mark.parametrize("again", [1, 2])
def test_a_photo_is_pinned_or_excluded_but_not_both(again: int) -> None:
    chosen = ChosenReferences([], [])
    for _ in range(again):
        chosen.pin("x.jpg", True)
    chosen.exclude("x.jpg", True)
    assert (chosen.pinned, chosen.excluded) == ([], ["x.jpg"])
    chosen.pin("x.jpg", True)
    assert (chosen.pinned, chosen.excluded) == (["x.jpg"], [])


def test_a_photo_that_was_found_and_then_pinned_keeps_its_reason() -> None:
    chosen = ChosenReferences([], [])
    chosen.show([FOUND])
    chosen.pin(FOUND.path, True)
    chosen.show([Reference(FOUND.path, None, None, None, b"again")])
    assert chosen.rows()[0].notes == [texts.REFERENCE_PINNED, WHY]
    assert chosen.rows()[0].explanation == EXPLANATION
