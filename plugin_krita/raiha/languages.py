"""The editor's language."""

from __future__ import annotations

import os

from .client import raiha_texts as texts
from .qt import QtCore


def use_language_of_krita() -> str:
    """Show the plug-in's texts in the language that Krita is in, if there are texts in it; return which is used."""
    # Krita puts the language that its user chose into this variable, and makes it Qt's own.
    chosen = [name for name in os.environ.get("LANGUAGE", "").split(":") if name]
    return texts.use_language([*chosen, *QtCore.QLocale().uiLanguages()])
