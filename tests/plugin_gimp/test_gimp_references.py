"""The list of references: what took part, what is pinned, what is excluded."""

from __future__ import annotations

import pytest
import raiha_texts as texts
from chosen_references import ChosenReferences, Row
from raiha_client import Reference

FOUND = Reference("/photos/a.jpg", 0.8, 0.7, 0.9, b"jpeg a")
OTHER = Reference("/photos/b.jpg", 0.6, 0.5, 0.9, b"jpeg b")
WHY = texts.reference_reason(FOUND.content, FOUND.appearance)


def test_what_took_part_comes_first_with_its_reason() -> None:
    chosen = ChosenReferences(["/desk/mine.jpg"], ["/photos/no.jpg"])
    chosen.took_part([FOUND])
    assert chosen.rows() == [
        Row(FOUND.path, WHY, b"jpeg a", False, False),
        Row("/desk/mine.jpg", texts.REFERENCE_PINNED, None, True, False),
        Row("/photos/no.jpg", texts.REFERENCE_EXCLUDED, None, False, True),
    ]


def test_an_excluded_photo_stays_in_the_list_with_its_thumbnail() -> None:
    chosen = ChosenReferences([], [])
    chosen.took_part([FOUND, OTHER])
    chosen.exclude(FOUND.path, True)
    chosen.took_part([OTHER])
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
    chosen.took_part([FOUND])
    chosen.pin(FOUND.path, True)
    chosen.took_part([Reference(FOUND.path, None, None, None, b"again")])
    assert chosen.rows()[0].reason == f"{texts.REFERENCE_PINNED} · {WHY}"
