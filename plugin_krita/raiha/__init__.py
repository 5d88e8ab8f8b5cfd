"""Raiha for Krita: Filter > Harmonize matches a pasted object to the light and colour of its picture."""

from krita import Krita

from .extension import HarmonizeExtension

Krita.instance().addExtension(HarmonizeExtension(Krita.instance()))
