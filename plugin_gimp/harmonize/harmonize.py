#!/usr/bin/env python3
"""Filters > Harmonize in GIMP 3: registers ``python-fu-harmonize`` and runs it."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
import job  # noqa: E402
import layers  # noqa: E402
import options  # noqa: E402
import raiha_texts as texts  # noqa: E402
from connection import Connection  # noqa: E402
from gi.repository import Gimp, GLib, GObject  # noqa: E402
from mnemonics import with_mnemonic  # noqa: E402
from raiha_client import ClientError  # noqa: E402

PROCEDURE = "python-fu-harmonize"


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Harmonize the chosen layers; GIMP shows what is returned as an error as a message."""
    connection = Connection(f"gimp {Gimp.version()}")
    try:
        chosen = layers.chosen_layers(image, drawables)
        for layer in chosen:
            layers.check(layer, in_place=False)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from dialog import HarmonizeDialog

            if not HarmonizeDialog(procedure, config, chosen, connection).run():
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        for note in job.harmonize(image, chosen, options.options_of(config), connection):
            Gimp.message(note)
    except ClientError as error:
        return _failed(procedure, texts.error_text(error.sentence, error.remedy, error.log_path))
    except Exception:
        # Without an answer GIMP would say no more than "execution error".
        traceback.print_exc()
        return _failed(procedure, " ".join(texts.UNEXPECTED))
    finally:
        connection.close()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def _failed(procedure: Gimp.Procedure, message: str) -> Gimp.ValueArray:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


def _choice(words: dict[str, str]) -> Gimp.Choice:
    choice = Gimp.Choice.new()
    for number, (name, label) in enumerate(words.items()):
        choice.add(name, number, label, "")
    return choice


def _add_arguments(procedure: Gimp.Procedure) -> None:
    flags = GObject.ParamFlags.READWRITE
    procedure.add_double_argument(
        "strength", with_mnemonic(texts.STRENGTH), "0 (the layer, untouched) to 1", 0.0, 1.0, 1.0, flags
    )
    procedure.add_choice_argument(
        "change", with_mnemonic(texts.WHAT), "What is changed", _choice(options.CHANGES), options.BOTH, flags
    )
    procedure.add_string_argument(
        "gallery", with_mnemonic(texts.GALLERY), "Where references are searched; empty: nowhere", "", flags
    )
    procedure.add_string_array_argument(
        "references",
        with_mnemonic(texts.REFERENCES),
        "Photos that are used as references whatever the gallery says",
        flags,
    )
    procedure.add_string_array_argument("excluded", "Excluded", "Photos of the gallery that are not to be used", flags)
    results = _choice(options.RESULTS)
    procedure.add_choice_argument(
        "result", with_mnemonic(texts.PLACEMENT), "Where the result goes", results, next(iter(options.RESULTS)), flags
    )


class Harmonize(Gimp.PlugIn):
    """The plug-in as GIMP sees it."""

    def do_set_i18n(self, _name: str) -> bool:
        """Return that there are no translations."""
        return False

    def do_query_procedures(self) -> list[str]:
        """Return the names of the procedures."""
        return [PROCEDURE]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Return the procedure, with its menu entry and arguments."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        # Indexed images, too: a sentence says more than a gray menu entry.
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES)
        procedure.set_menu_label("_" + texts.MENU_ENTRY)
        procedure.add_menu_path("<Image>/Filters")
        procedure.set_documentation(
            texts.TOOLTIP,
            "Sends the chosen layers and the picture around them to the Raiha daemon on this computer, which "
            "looks for photos with like things under like light in a gallery, and puts the harmonized layers "
            "into the picture.",
            None,
        )
        procedure.set_attribution("Raiha", "Raiha", "2026")
        _add_arguments(procedure)
        return procedure


Gimp.main(Harmonize.__gtype__, sys.argv)
