"""The list of references in the dialog, without GTK: which ones took part, are pinned or are excluded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import raiha_texts as texts
from raiha_client import Reference


class Row(NamedTuple):
    """One line of the list.

    Attributes:
        path: the photo.
        reason: its state and why it was chosen, in words.
        thumbnail: a JPEG, or None if the daemon has not sent one.
        pinned: whether it is used whatever the gallery says.
        excluded: whether it is not to be used.
    """

    path: str
    reason: str
    thumbnail: bytes | None
    pinned: bool
    excluded: bool


class ChosenReferences:
    """The photos that the user pinned or excluded, and those that took part in the last preview."""

    def __init__(self, pinned: Sequence[str], excluded: Sequence[str]) -> None:
        self.pinned = list(pinned)
        self.excluded = list(excluded)
        self._used: list[str] = []
        self._known: dict[str, Reference] = {}

    def took_part(self, references: Sequence[Reference]) -> None:
        """Take note of the references of a preview, best first."""
        self._used = [reference.path for reference in references]
        for reference in references:
            # A photo that was found and then pinned keeps its reason.
            if reference.path not in self._known or reference.content is not None:
                self._known[reference.path] = reference

    def pin(self, path: str, pinned: bool) -> None:
        """Use a photo whatever the gallery says, or leave it to the search again."""
        _put(self.pinned, path, pinned)
        if pinned:
            _put(self.excluded, path, False)

    def exclude(self, path: str, excluded: bool) -> None:
        """Do not use a photo, or allow it again."""
        _put(self.excluded, path, excluded)
        if excluded:
            _put(self.pinned, path, False)

    def rows(self) -> list[Row]:
        """Return the lines: what took part, then what was pinned since, then what is excluded."""
        return [self._row(path) for path in dict.fromkeys([*self._used, *self.pinned, *self.excluded])]

    def _row(self, path: str) -> Row:
        known, pinned, excluded = self._known.get(path), path in self.pinned, path in self.excluded
        why = texts.reference_reason(known.content, known.appearance) if known is not None else ""
        reason = texts.reference_state(why, pinned, excluded)
        return Row(path, reason, None if known is None else known.thumbnail, pinned, excluded)


def _put(paths: list[str], path: str, wanted: bool) -> None:
    if wanted and path not in paths:
        paths.append(path)
    elif not wanted and path in paths:
        paths.remove(path)
