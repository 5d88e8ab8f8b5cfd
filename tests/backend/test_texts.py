"""The plug-ins' texts: every language has all of them, with the same placeholders, and each language is found."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from raiha.backend.client import raiha_texts as texts
from raiha.gallery_tools import search


@pytest.fixture(autouse=True)
def back_to_english() -> Iterator[None]:
    yield
    texts.use_language([texts.ENGLISH])


def placeholders(text: Any) -> Any:
    """Return the shape of a text with the names of its placeholders where the strings are."""
    if isinstance(text, Mapping):
        return {key: placeholders(value) for key, value in text.items()}
    if isinstance(text, tuple | list):
        return [placeholders(value) for value in text]
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", texts.languages())
def test_a_language_has_all_texts_with_the_placeholders_of_english(language: str) -> None:
    english = texts.catalogue()
    assert texts.use_language([language]) == language
    translated = texts.catalogue()
    assert {name: placeholders(text) for name, text in translated.items()} == {
        name: placeholders(text) for name, text in english.items()
    }
    if language != texts.ENGLISH:
        assert json.loads((texts.TRANSLATIONS / f"{language}.json").read_text("utf-8")).keys() == english.keys()
        assert [name for name in SENTENCES if translated[name] == english[name]] == []


SENTENCES = [
    name for name, text in texts.catalogue().items() if len(str(text).split()) > 4 and name != "REFERENCE_PHOTOS"
]
"""Texts of many words, which are the same in no two languages."""


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ([], "en"),
        (["C.UTF-8"], "en"),
        (["tlh_KX", "xx"], "en"),
        (["en_GB", "de"], "en"),
        (["xx", "de_AT.UTF-8@euro", "fr"], "de"),
        (["pt-BR"], "pt"),
        (["zh-Hans-CN"], "zh_CN"),
        (["zh_TW", "ja_JP"], "ja"),
    ],
)
def test_the_first_known_language_is_used(wanted: list[str], language: str) -> None:
    assert texts.use_language(wanted) == language


def test_references_are_described_as_raiha_search_does() -> None:
    for content in (0.1, 0.2, 0.3, 0.4, 0.9):
        for appearance in (0.5, 0.7, 0.8, 0.9, 1.0):
            words = search.Reference(1, texts.TRANSLATIONS, 0.0, content, appearance).reason
            assert texts.reference_reason(content, appearance).lower() == words


def test_german_is_shown_and_english_comes_back() -> None:
    texts.use_language(["de_DE"])
    assert texts.done_text(["Katze"], 2) == (
        "„Katze“ wurde harmonisiert. Zweimal Rückgängig stellt das Original wieder her."
    )
    assert texts.what_choices()[1] == ("colour", "Nur die Farbe")
    texts.use_language([])
    assert texts.STRENGTH == "Strength"


def test_numbers_of_photos_and_undo_steps_are_in_words() -> None:
    assert texts.gallery_label("trips", 1) == "trips (1 photo)"
    assert texts.gallery_added("trips", 20, 1).endswith("1 file could not be read.")
    assert [texts.undo_times(steps) for steps in (1, 2, 5)] == ["once", "twice", "5 times"]
    assert texts.done_text(["cat"], 2).startswith("Harmonized “cat”. Undo twice")
