"""The options of the last run, kept in Krita's own settings."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from krita import Krita

from .client import raiha_texts as texts
from .client.raiha_plugin import Options

GROUP, KEY = "raiha", "last"
CHOICES = {
    "only": tuple(value for value, _ in texts.what_choices()),
    "placement": tuple(value for value, _ in texts.placement_choices()),
}


def load() -> Options | None:
    """Return the options of the last run; None if there was none or its options cannot be read."""
    try:
        values = json.loads(Krita.instance().readSetting(GROUP, KEY, "null"))
        names = [field.name for field in fields(Options)]
        known: dict[str, Any] = {name: values[name] for name in names if values.get(name) is not None}
        strength = min(max(float(known.pop("strength", 1.0)), 0.0), 1.0)
        known.update({name: tuple(map(str, known.get(name, ()))) for name in ("references", "excluded")})
    except (ValueError, TypeError, AttributeError):
        return None
    for name, allowed in CHOICES.items():
        if known.get(name, allowed[0]) not in allowed:
            del known[name]
    return Options(strength=strength, **known)


def save(options: Options) -> None:
    """Keep the options of a run."""
    Krita.instance().writeSetting(GROUP, KEY, json.dumps(asdict(options)))
