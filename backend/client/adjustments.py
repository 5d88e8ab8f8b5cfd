"""The adjustments of a dialog: what the network found for an object, and what the user made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import raiha_texts as texts
from .adjusting import LIMITS, NUMBERS, UNITS

DIGITS: Mapping[str, int] = {name: 2 if unit == "EV" else 0 for name, unit in UNITS.items()}
"""Decimal places that a number is shown and set with."""
_WHOLE = 100.0


class Adjustments:
    """The numbers by name, those of ``LIMITS``: the user's where there are any, else the network's.

    Attributes:
        changed: the numbers that the user set.
    """

    def __init__(self) -> None:
        self.changed: dict[str, float] = {}
        self._found: Mapping[str, Any] = {}

    def show(self, found: Mapping[str, Any]) -> None:
        """Take what a preview's result has as ``adjustments``; the user's numbers stay."""
        self._found = found

    @property
    def are_known(self) -> bool:
        """Whether a preview has arrived."""
        return bool(self._found)

    @property
    def shading(self) -> list[list[float]]:
        """Rows of stops over the preview's window, as the network found them; empty: even light."""
        return list(self._found.get("shading") or [])

    @property
    def finish(self) -> Mapping[str, Any] | None:
        """What is done after the colours, as the daemon measured it; None: nothing."""
        return self._found.get("finish")

    def found(self, name: str) -> float:
        """Return the network's number; of the shading it is all, 100 per cent."""
        return _WHOLE if name == "shading" else float(self._found.get(name, 0.0))

    def value(self, name: str) -> float:
        """Return the number that counts."""
        return self.changed.get(name, self.found(name))

    def set(self, name: str, value: float) -> None:
        """Set a number by hand, held within its limits; the network's own, as it is shown, is no change."""
        least, most = LIMITS[name]
        if round(value, DIGITS[name]) == round(self.found(name), DIGITS[name]):
            self.reset(name)
        else:
            self.changed[name] = min(max(value, least), most)

    def reset(self, name: str | None = None) -> None:
        """Go back to the network's number, or to all of them."""
        for known in LIMITS if name is None else [name]:
            self.changed.pop(known, None)

    def numbers(self) -> dict[str, Any]:
        """Return the adjustment as ``AdjustablePicture.adjusted`` takes it."""
        numbers: dict[str, Any] = {name: self.value(name) for name in LIMITS}
        return {**numbers, "veil_colour": self._found.get("veil_colour", [0.0, 0.0, 0.0])}

    def as_sent(self) -> dict[str, Any] | None:
        """Return the protocol's ``adjustment``; None before a preview has arrived."""
        if not self.are_known:
            return None
        part = self.value("shading") / _WHOLE
        shading = [[part * stops for stops in row] for row in self.shading] if part else []
        return {**self.numbers(), "shading": shading}


def in_words(numbers: Mapping[str, Any]) -> str:
    """Return the numbers that are not 0 with their names and units, e.g. "Exposure -0.40 EV, Contrast +12 %"."""
    words = []
    for name in NUMBERS:
        value = round(float(numbers.get(name, 0.0)), DIGITS[name])
        if value:
            words.append(f"{texts.ADJUST_LABELS[name]} {value:+.{DIGITS[name]}f} {UNITS[name]}")
    return ", ".join(words)


def result_name(layer: str, numbers: Mapping[str, Any]) -> str:
    """Return the name of a result's layer, from which the adjustment can be read later."""
    words = in_words(numbers)
    if not words:
        return texts.RESULT_NAME.format(layer=layer)
    return texts.RESULT_NAME_ADJUSTED.format(layer=layer, adjustments=words)
