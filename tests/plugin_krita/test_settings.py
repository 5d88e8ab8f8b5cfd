"""What is remembered from one run to the next."""

from __future__ import annotations

import json

import pytest
from krita_mock import Document, Krita


def test_options_come_back_as_they_were(document: Document) -> None:
    from krita_raiha import settings
    from krita_raiha.client.raiha_plugin import Options

    kept = Options(0.25, "luminance", "holidays", "in-place", ("a.jpg",), ("b.jpg",))
    settings.save(kept, "street.kra")
    assert settings.load("street.kra") == kept


@pytest.mark.parametrize("other", ["beach.kra", ""])
def test_another_picture_does_not_get_the_pins(document: Document, other: str) -> None:
    from krita_raiha import settings
    from krita_raiha.client.raiha_plugin import Options

    settings.save(Options(0.25, references=("a.jpg",), excluded=("b.jpg",)), "street.kra")
    assert settings.load(other) == Options(0.25)


def test_there_are_defaults_before_the_first_run(document: Document) -> None:
    from krita_raiha import settings
    from krita_raiha.client.raiha_plugin import Options

    assert settings.load("street.kra") == Options()


@pytest.mark.parametrize("text", ["", "[", "3", '"word"', '{"strength": "strong"}', '{"references": 7}'])
def test_damaged_settings_are_forgotten(document: Document, text: str) -> None:
    from krita_raiha import settings
    from krita_raiha.client.raiha_plugin import Options

    Krita.instance().settings[settings.GROUP, settings.KEY] = text
    assert settings.load("street.kra") == Options()


def test_values_of_another_version_are_left_out(document: Document) -> None:
    from krita_raiha import settings
    from krita_raiha.client.raiha_plugin import Options

    values = {"strength": 9, "only": "saturation", "placement": "beside", "colour_of_the_sky": "blue"}
    Krita.instance().settings[settings.GROUP, settings.KEY] = json.dumps(values)
    assert settings.load("") == Options(1.5)
