"""The options of the last run, kept in Krita's own settings."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from krita import Krita

from .client import raiha_texts as texts
from .client.raiha_plugin import MOST_STRENGTH, Options

GROUP, KEY = "raiha", "last"
CHOICES = {
    "only": tuple(value for value, _ in texts.what_choices()),
    "placement": tuple(value for value, _ in texts.placement_choices()),
}


def load(picture: str) -> Options:
    """Return the options of the last run, or the defaults if there was none or its options cannot be read.

    What was pinned and excluded comes back only for the same picture, the file ``picture``; "" is a new one.
    """
    values = _read()
    options = _options(values)
    if not picture or values.get("picture") != picture:
        options = replace(options, references=(), excluded=())
    return options


def _read() -> dict[str, Any]:
    try:
        values = json.loads(Krita.instance().readSetting(GROUP, KEY, "null"))
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _options(values: dict[str, Any]) -> Options:
    try:
        names = [field.name for field in fields(Options)]
        known: dict[str, Any] = {name: values[name] for name in names if values.get(name) is not None}
        strength = min(max(float(known.pop("strength", 1.0)), 0.0), MOST_STRENGTH)
        known.update({name: tuple(map(str, known.get(name, ()))) for name in ("references", "excluded")})
    except (ValueError, TypeError):
        return Options()
    for name, allowed in CHOICES.items():
        if known.get(name, allowed[0]) not in allowed:
            del known[name]
    known.update({name: known.get(name) is True for name in texts.FINISH_LABELS})
    return Options(strength=strength, **known)


def save(options: Options, picture: str) -> None:
    """Keep the options of a run on a picture, a file or "" for a new one."""
    Krita.instance().writeSetting(GROUP, KEY, json.dumps({**asdict(options), "picture": picture}))
