"""Raiha for Krita: Filter > Harmonize gives a pasted object the light and colour of its picture."""

from krita import Krita

from .extension import HarmonizeExtension

Krita.instance().addExtension(HarmonizeExtension(Krita.instance()))
