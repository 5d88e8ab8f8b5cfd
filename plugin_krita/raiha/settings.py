"""The user's last wishes, kept in Krita's own settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from krita import Krita

from . import raiha_texts as texts

GROUP, KEY = "raiha", "last"
CHOICES = {
    "only": tuple(value for value, _ in texts.WHAT_CHOICES),
    "placement": tuple(value for value, _ in texts.PLACEMENT_CHOICES),
}


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        strength: 0 to 1.
        only: "colour", "luminance", or None for both.
        gallery: name of the gallery that is searched; None: none.
        placement: "new-layer" or "in-place".
        references: photos that are used whatever the gallery says.
        excluded: photos that are not used.
    """

    strength: float = 1.0
    only: str | None = None
    gallery: str | None = None
    placement: str = "new-layer"
    references: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def load() -> Options | None:
    """Return the options of the last run; None when there was none or they cannot be read."""
    try:
        values = json.loads(Krita.instance().readSetting(GROUP, KEY, "null"))
        known = {field.name: values.get(field.name) for field in fields(Options) if values.get(field.name) is not None}
        strength = min(max(float(known.pop("strength", 1.0)), 0.0), 1.0)
        lists = {name: tuple(map(str, known.pop(name, ()))) for name in ("references", "excluded")}
    except (ValueError, TypeError, AttributeError):
        return None
    for name, allowed in CHOICES.items():
        if known.get(name, allowed[0]) not in allowed:
            del known[name]
    return Options(strength=strength, **known, **lists)


def save(options: Options) -> None:
    """Remember the options of a run."""
    Krita.instance().writeSetting(GROUP, KEY, json.dumps(asdict(options)))
