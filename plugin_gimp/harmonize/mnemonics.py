"""The dialog's mnemonics, without GTK: Alt and the underlined letter move the focus to the widget."""

from __future__ import annotations

from client import raiha_texts as texts

LETTERS = {
    texts.STRENGTH: "t",
    texts.WHAT: "a",
    texts.GALLERY: "g",
    texts.REFERENCES: "f",
    texts.REFERENCE_EXCLUDE: "e",
    texts.REFERENCE_INCLUDE: "i",
    texts.REFERENCE_PIN: "p",
    texts.REFERENCE_UNPIN: "p",
    texts.REFERENCE_CHOOSE: "o",
    texts.RUN_AGAIN: "n",
    texts.PLACEMENT: "u",
    texts.APPLY: "h",
}
"""The letter of each label; GIMP's own buttons use C, L, R and S."""


def with_mnemonic(words: str) -> str:
    """Return a label with the underscore that GTK expects before the mnemonic."""
    place = words.lower().index(LETTERS[words])
    return f"{words[:place]}_{words[place:]}"
