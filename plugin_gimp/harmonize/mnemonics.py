"""The dialog's mnemonics, without GTK: Alt and the underlined letter move the focus to the widget."""

from __future__ import annotations

import string

TAKEN = "clrs"
"""The letters of GIMP's own buttons, in English."""


class Mnemonics:
    """Gives each label of a dialog a letter of its own, as long as there are letters."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def marked(self, words: str) -> str:
        """Return a label with the underscore that GTK expects before the mnemonic, the same whenever it is asked.

        A label in another script has a Latin letter in brackets behind it, as is the custom there.
        """
        if words not in self._letters:
            self._letters[words] = self._free(words)
        letter = self._letters[words]
        if not letter:
            return words
        place = words.lower().find(letter)
        return f"{words} (_{letter.upper()})" if place < 0 else f"{words[:place]}_{words[place:]}"

    def _free(self, words: str) -> str:
        """Return a letter that no other label has: the first of a word if possible; nothing if all are taken."""
        lower = words.lower()
        letters = [*(word[0] for word in lower.split()), *lower]
        latin = [letter for letter in letters if letter in string.ascii_lowercase]
        taken = {*TAKEN, *self._letters.values()}
        return next((letter for letter in latin or string.ascii_lowercase if letter not in taken), "")


_OF_THE_DIALOG = Mnemonics()


def with_mnemonic(words: str) -> str:
    """Return a label of the dialog with its mnemonic."""
    return _OF_THE_DIALOG.marked(words)
