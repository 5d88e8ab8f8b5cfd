"""The procedure's arguments: the names and values that GIMP's scripts, dialog and last-used values have for them."""

from __future__ import annotations

from typing import Any

from client import raiha_texts as texts
from client.raiha_plugin import Options

BOTH = "both"
CHANGES = {value or BOTH: words for value, words in texts.what_choices()}
"""The values of the argument ``change`` with their labels."""

RESULTS = dict(texts.placement_choices())
"""The values of the argument ``result`` with their labels."""


def options_of(config: Any) -> Options:
    """Return the options in a procedure's configuration."""
    change = config.get_property("change")
    return Options(
        strength=config.get_property("strength"),
        only=None if change == BOTH else change,
        gallery=config.get_property("gallery") or None,
        placement=config.get_property("result"),
        references=tuple(config.get_property("references") or ()),
        excluded=tuple(config.get_property("excluded") or ()),
    )
