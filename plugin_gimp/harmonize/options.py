"""The plug-in's arguments: what GIMP's scripts, dialog and last-used values name them, and what they mean."""

from __future__ import annotations

from typing import Any, NamedTuple

import raiha_texts as texts

BOTH = "both"
CHANGES = {name or BOTH: words for name, words in texts.WHAT_CHOICES}
"""The argument ``change``: its values and the words for them."""

RESULTS = dict(texts.PLACEMENT_CHOICES)
"""The argument ``result``: its values and the words for them."""

IN_PLACE = "in-place"
MOST_REFERENCES = 4


class Options(NamedTuple):
    """One run's options; the fields are those of ``Client.harmonize``, and where the result goes."""

    strength: float
    only: str | None
    gallery: str | None
    references: list[str]
    excluded: list[str]
    in_place: bool


def options_of(config: Any) -> Options:
    """Return the options that a procedure's configuration holds."""
    change = config.get_property("change")
    return Options(
        strength=config.get_property("strength"),
        only=None if change == BOTH else change,
        gallery=config.get_property("gallery") or None,
        references=list(config.get_property("references") or []),
        excluded=list(config.get_property("excluded") or []),
        in_place=config.get_property("result") == IN_PLACE,
    )
