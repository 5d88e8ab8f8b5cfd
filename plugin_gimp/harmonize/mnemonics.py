"""The underlined letters of the dialog, without GTK: Alt and the letter goes to the widget."""

from __future__ import annotations

import raiha_texts as texts

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
"""Which letter of which words; GIMP's own buttons have C, L, R and S."""


def with_mnemonic(words: str) -> str:
    """Return words with the underscore that GTK wants before the letter."""
    place = words.lower().index(LETTERS[words])
    return f"{words[:place]}_{words[place:]}"
