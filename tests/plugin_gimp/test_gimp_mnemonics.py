"""The underlined letters of the dialog."""

from __future__ import annotations

from collections import Counter

import pytest
from client import raiha_texts as texts
from mnemonics import LETTERS, with_mnemonic

GIMPS_OWN = "clrs"
INSTEAD = {texts.REFERENCE_INCLUDE: texts.REFERENCE_EXCLUDE, texts.REFERENCE_UNPIN: texts.REFERENCE_PIN}
"""Words that take the place of others on the same button."""


def test_no_letter_stands_for_two_things() -> None:
    letters = [letter for words, letter in LETTERS.items() if words not in INSTEAD]
    assert max(Counter([*letters, *GIMPS_OWN]).values()) == 1
    for words, other in INSTEAD.items():
        assert LETTERS[words] == LETTERS[other] or LETTERS[words] not in letters


@pytest.mark.parametrize("words", LETTERS)
def test_the_letter_is_in_the_words(words: str) -> None:
    marked = with_mnemonic(words)
    assert marked.replace("_", "") == words
    assert marked[marked.index("_") + 1].lower() == LETTERS[words]
