"""The adjustments of a dialog: the network's, the user's, and what is sent and written down."""

from __future__ import annotations

import pytest

from raiha.backend.client.adjustments import Adjustments, in_words, result_name
from raiha.backend.pipeline.adjustment import Adjustment

FOUND = {**Adjustment(exposure=-0.404, contrast=12.3).as_json(), "shading": [[0.2, -0.2]]}


def test_the_user_s_numbers_count_and_survive_another_preview() -> None:
    adjustments = Adjustments()
    assert not adjustments.are_known and adjustments.as_sent() is None
    adjustments.show(FOUND)
    adjustments.set("exposure", 0.5)
    adjustments.show({**FOUND, "exposure": 1.0, "contrast": -5.0})
    assert (adjustments.value("exposure"), adjustments.value("contrast")) == (0.5, -5.0)
    adjustments.reset("exposure")
    assert adjustments.value("exposure") == 1.0 and not adjustments.changed


def test_the_network_s_number_as_it_is_shown_is_no_change() -> None:
    adjustments = Adjustments()
    adjustments.show(FOUND)
    adjustments.set("exposure", -0.4)
    assert adjustments.value("exposure") == -0.404


def test_numbers_are_held_within_their_limits() -> None:
    adjustments = Adjustments()
    adjustments.set("veil", 300.0)
    assert adjustments.value("veil") == 90.0


def test_what_is_sent_is_an_adjustment_with_as_much_shading_as_wanted() -> None:
    adjustments = Adjustments()
    adjustments.show(FOUND)
    adjustments.set("shading", 50.0)
    sent = Adjustment.of_json(adjustments.as_sent() or {})
    assert sent.exposure == -0.404 and sent.shading is not None
    assert sent.shading.tolist() == [pytest.approx([0.1, -0.1])]
    adjustments.set("shading", 0.0)
    assert (adjustments.as_sent() or {})["shading"] == []


def test_the_name_tells_what_was_done() -> None:
    assert in_words(FOUND) == "Exposure -0.40 EV, Contrast +12 %"
    assert result_name("cat", FOUND) == "cat (harmonized: Exposure -0.40 EV, Contrast +12 %)"
    assert result_name("cat", {"exposure": 0.001}) == "cat (harmonized)"
