"""The procedure's arguments: the names and values that GIMP's scripts, dialog and last-used values have for them."""

from __future__ import annotations

import json
import math
from typing import Any

from client import raiha_texts as texts
from client.adjusting import NUMBERS
from client.errors import LayerError
from client.raiha_plugin import Options

BOTH = "both"
MOST_STRENGTH = 1.5


def changes() -> dict[str, str]:
    """Return the values of the argument ``change`` with their labels."""
    return {value or BOTH: words for value, words in texts.what_choices()}


def results() -> dict[str, str]:
    """Return the values of the argument ``result`` with their labels."""
    return dict(texts.placement_choices())


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
        **{name: config.get_property(argument_of(name)) for name in texts.FINISH_LABELS},
    )


def argument_of(name: str) -> str:
    """Return the argument that chooses what is done after the colours, given its name in the protocol."""
    return name.replace("_", "-")


def adjust_of(config: Any) -> dict[str, float]:
    """Return the numbers that replace the network's.

    Raises:
        LayerError: the argument is not a JSON object of numbers with names of adjustments.
    """
    try:
        entries = json.loads(config.get_property("adjust") or "{}").items()
        numbers = {name: float(value) for name, value in entries}
    except (AttributeError, TypeError, ValueError):
        numbers = {"": math.nan}
    if not all(name in NUMBERS and math.isfinite(value) for name, value in numbers.items()):
        raise LayerError(texts.ADJUST_UNKNOWN, names=", ".join(NUMBERS))
    return numbers
