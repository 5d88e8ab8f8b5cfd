"""From the procedure's arguments to what the daemon is asked."""

from __future__ import annotations

from typing import Any

import raiha_texts as texts
from options import CHANGES, RESULTS, Options, options_of


class Config:
    """GIMP's configuration of a procedure, as far as it is read."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def get_property(self, name: str) -> Any:
        return self.values[name]


def test_arguments_that_were_never_set() -> None:
    config = Config(strength=1.0, change="both", gallery="", references=None, excluded=None, result="new-layer")
    assert options_of(config) == Options(1.0, None, None, [], [], False)


def test_every_argument() -> None:
    config = Config(
        strength=0.3,
        change="colour",
        gallery="holiday",
        references=["a.jpg"],
        excluded=["b.jpg"],
        result="in-place",
    )
    assert options_of(config) == Options(0.3, "colour", "holiday", ["a.jpg"], ["b.jpg"], True)


def test_the_choices_are_the_ones_of_krita_in_the_same_order() -> None:
    assert list(CHANGES.values()) == [words for _, words in texts.WHAT_CHOICES]
    assert list(RESULTS.items()) == list(texts.PLACEMENT_CHOICES)
