"""The underlined letters of the dialog, in English and in other languages."""

from __future__ import annotations

from client import raiha_texts as texts
from mnemonics import TAKEN, Mnemonics

LABELS = ("STRENGTH", "WHAT", "ADJUST", "GALLERY", "REFERENCES", "PLACEMENT", "APPLY", "HELP", "RUN_AGAIN")


def test_each_label_has_a_letter_of_its_own() -> None:
    mnemonics = Mnemonics()
    marked = [mnemonics.marked(getattr(texts, name)) for name in LABELS]
    letters = [words[words.index("_") + 1].lower() for words in marked]
    assert len({*letters, *TAKEN}) == len(LABELS) + len(TAKEN)
    assert [words.replace("_", "") for words in marked] == [getattr(texts, name) for name in LABELS]


def test_the_same_words_have_the_same_letter() -> None:
    mnemonics = Mnemonics()
    assert mnemonics.marked("Pin") == mnemonics.marked("Pin") == "_Pin"
    assert mnemonics.marked("Put") == "P_ut"


def test_a_label_in_another_script_has_a_letter_behind_it() -> None:
    assert Mnemonics().marked("強さ") == "強さ (_A)"


def test_words_without_a_free_letter_have_none() -> None:
    mnemonics = Mnemonics()
    assert mnemonics.marked("S") == "S"
