"""What finishing is asked for, and what it does: numbers that the result's adjustment carries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from raiha.backend.finishing.grain import Grain

MOST_BLUR = 5.0
"""Pixels, the most by which an object is blurred."""


@dataclass(frozen=True)
class Finishing:
    """What the user wants done after the colours; nothing unless chosen.

    Attributes:
        clean_edge: estimate the colours along the object's edge anew.
        match_grain: add the scene's noise that the object lacks.
        match_sharpness: blur the object where it is plainly sharper than the scene.
    """

    clean_edge: bool = False
    match_grain: bool = False
    match_sharpness: bool = False

    @property
    def is_chosen(self) -> bool:
        """Whether anything is to be done."""
        return self.clean_edge or self.match_grain or self.match_sharpness


NOTHING_CHOSEN = Finishing()


@dataclass(frozen=True)
class Finish:
    """What is done to an object after its colours, in this order.

    Attributes:
        clean_edge: whether the colours along its edge are estimated anew.
        blur: standard deviation of a Gaussian blur, pixels; 0 is none.
        grain: the noise that is added; None is none.
    """

    clean_edge: bool = False
    blur: float = 0.0
    grain: Grain | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing changes."""
        return not (self.clean_edge or self.blur or self.grain)

    def reduced(self, scale: float) -> Finish:
        """Return the same finish for a layer reduced to this scale, 0 to 1.

        A fringe of ``clean_edge.REACH`` pixels is narrower than a pixel below a third of the size; colours of the
        edge stay there.
        """
        grain = None if self.grain is None else self.grain.reduced(scale)
        return Finish(self.clean_edge and scale > 1 / 3, self.blur * scale, grain)

    def as_json(self) -> dict[str, object]:
        """Return what the protocol and ``--json`` carry."""
        grain = None if self.grain is None else self.grain.as_json()
        return {"clean_edge": self.clean_edge, "blur": round(self.blur, 3), "grain": grain}

    @classmethod
    def of_json(cls, entries: object) -> Finish:
        """Return the finish that ``as_json`` wrote.

        Raises:
            ValueError: an entry is unknown, or of a wrong type, or out of range.
        """
        if not isinstance(entries, Mapping) or not entries.keys() <= {"clean_edge", "blur", "grain"}:
            raise ValueError("finish is not made of clean_edge, blur and grain")
        clean_edge, blur, grain = entries.get("clean_edge", False), entries.get("blur", 0.0), entries.get("grain")
        if not isinstance(clean_edge, bool):
            raise ValueError("clean_edge is neither true nor false")
        if type(blur) not in (int, float) or not math.isfinite(blur) or not 0 <= blur <= MOST_BLUR:
            raise ValueError(f"blur is not a number from 0 to {MOST_BLUR:g}")
        return cls(clean_edge, float(blur), None if grain is None else Grain.of_json(grain))


UNFINISHED = Finish()
