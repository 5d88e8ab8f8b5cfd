"""From the procedure's arguments to the options of a request."""

from __future__ import annotations

from typing import Any

import pytest
from client import raiha_texts as texts
from client.errors import LayerError
from client.raiha_plugin import Options
from options import adjust_of, changes, options_of, results

FINISHING = ("clean-edge", "match-grain", "match-sharpness")


class Config:
    """GIMP's configuration of a procedure, as far as it is read."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def get_property(self, name: str) -> Any:
        return self.values[name]


def test_arguments_that_were_never_set() -> None:
    values = {"strength": 1.0, "change": "both", "gallery": "", "references": None, "excluded": None}
    config = Config(**values, result="new-layer", **dict.fromkeys(FINISHING, False))
    assert options_of(config) == Options()


def test_every_argument() -> None:
    config = Config(
        strength=0.3,
        change="colour",
        gallery="holiday",
        references=["a.jpg"],
        excluded=["b.jpg"],
        result="in-place",
        **{"clean-edge": False, "match-grain": True, "match-sharpness": False},
    )
    options = options_of(config)
    assert options == Options(0.3, "colour", "holiday", "in-place", ("a.jpg",), ("b.jpg",), match_grain=True)
    assert options.finishing == {"clean_edge": False, "match_grain": True, "match_sharpness": False}
    assert options.in_place


def test_adjustments_of_scripts_are_json() -> None:
    assert adjust_of(Config(adjust=None)) == {}
    assert adjust_of(Config(adjust='{"exposure": 0.3, "saturation": -10}')) == {"exposure": 0.3, "saturation": -10.0}


@pytest.mark.parametrize("entry", ["exposure", "[1]", '{"exposure": "much"}', '{"glow": 1}', '{"tint": NaN}', "7"])
def test_what_is_no_adjustment_is_refused(entry: str) -> None:
    with pytest.raises(LayerError, match="exposure"):
        adjust_of(Config(adjust=entry))


def test_the_choices_are_those_of_krita_in_the_same_order() -> None:
    assert list(changes().values()) == [words for _, words in texts.what_choices()]
    assert list(results().items()) == texts.placement_choices()
