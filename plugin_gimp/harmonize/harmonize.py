#!/usr/bin/env python3
"""Filters > Harmonize in GIMP 3: registers ``python-fu-harmonize`` and runs it."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import job
import layers
import options
import pins
from client import raiha_texts as texts
from client.raiha_client import ClientError
from client.raiha_plugin import Connection
from gimp_api import Gimp, GLib, GObject
from mnemonics import with_mnemonic
from reading import read

PROCEDURE = "python-fu-harmonize"


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Harmonize the selected layers; a user gets errors as messages of GIMP, a script gets them as the call's error."""
    connection = Connection(f"gimp {Gimp.version()}")
    try:
        chosen = layers.chosen_layers(image, drawables)
        if run_mode != Gimp.RunMode.NONINTERACTIVE:
            # The last-used values are those of another object.
            pins.drop_those_of_another(image, config)
            config.set_property("adjust", "")
        adjusting = job.Adjusting(None, options.adjust_of(config))
        if run_mode == Gimp.RunMode.INTERACTIVE:
            asked = _asked(procedure, config, chosen, connection)
            if asked is None:
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
            chosen, adjusting = asked
            pins.keep(image)
        for note in job.harmonize(image, chosen, options.options_of(config), adjusting, connection):
            Gimp.message(note)
    except ClientError as error:
        return _failed(procedure, run_mode, texts.error_text(error.sentence, error.remedy, error.log_path))
    except Exception:
        traceback.print_exc()
        return _failed(procedure, run_mode, " ".join(texts.UNEXPECTED))
    finally:
        connection.close()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def _asked(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, chosen: list[Gimp.Layer], connection: Connection
) -> tuple[list[Gimp.Layer], job.Adjusting] | None:
    """Show the dialog, which leaves the options in ``config``; return what to harmonize, or None if cancelled.

    Raises:
        LayerError: a layer cannot be harmonized; no daemon was started for it.
    """
    from dialog import HarmonizeDialog
    from wrong_layer import is_other_wanted

    try:
        for layer in chosen:
            layers.check(layer, in_place=False)
    except layers.WrongLayerError as error:
        if not is_other_wanted(procedure, error):
            return None
        chosen = [error.above]
        layers.check(error.above, in_place=False)
    composite, _ = read(chosen[0])
    dialog = HarmonizeDialog(procedure, config, composite, connection)
    if not dialog.run():
        return None
    return chosen, job.Adjusting(dialog.adjustment, {})


def _failed(procedure: Gimp.Procedure, run_mode: Gimp.RunMode, message: str) -> Gimp.ValueArray:
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        # GIMP would put "Execution error" before the message of a returned error.
        Gimp.message(message)
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


def _choice(words: dict[str, str]) -> Gimp.Choice:
    choice = Gimp.Choice.new()
    for number, (name, label) in enumerate(words.items()):
        choice.add(name, number, label, "")
    return choice


def _add_arguments(procedure: Gimp.Procedure) -> None:
    flags, blurbs = GObject.ParamFlags.READWRITE, texts.GIMP_ARGUMENTS
    strength, change, gallery = (with_mnemonic(label) for label in (texts.STRENGTH, texts.WHAT, texts.GALLERY))
    references, placement = with_mnemonic(texts.REFERENCES), with_mnemonic(texts.PLACEMENT)
    procedure.add_double_argument("strength", strength, blurbs["strength"], 0.0, options.MOST_STRENGTH, 1.0, flags)
    changes, results = _choice(options.changes()), _choice(options.results())
    procedure.add_choice_argument("change", change, blurbs["change"], changes, options.BOTH, flags)
    procedure.add_string_argument("gallery", gallery, blurbs["gallery"], "", flags)
    procedure.add_string_array_argument("references", references, blurbs["references"], flags)
    procedure.add_string_array_argument("excluded", texts.GIMP_EXCLUDED, blurbs["excluded"], flags)
    procedure.add_string_argument("adjust", texts.ADJUST, blurbs["adjust"], "", flags)
    for name, words in texts.FINISH_LABELS.items():
        argument, blurb = options.argument_of(name), texts.FINISH_TOOLTIPS[name]
        procedure.add_boolean_argument(argument, with_mnemonic(words), blurb, False, flags)
    procedure.add_choice_argument("result", placement, blurbs["result"], results, texts.NEW_LAYER, flags)


class Harmonize(Gimp.PlugIn):
    """The plug-in as GIMP sees it."""

    def do_set_i18n(self, _name: str) -> bool:
        """Return False: there are no translations."""
        return False

    def do_query_procedures(self) -> list[str]:
        """Return the names of the procedures."""
        return [PROCEDURE]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Return the procedure, with its menu entry and arguments."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        # Indexed images as well: an error message explains more than a greyed-out menu entry.
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES)
        procedure.set_menu_label("_" + texts.MENU_ENTRY)
        procedure.add_menu_path("<Image>/Filters")
        procedure.set_documentation(texts.TOOLTIP, texts.GIMP_HELP, None)
        procedure.set_attribution("Raiha", "Raiha", "2026")
        _add_arguments(procedure)
        return procedure


# GIMP hands the language of its settings to its plug-ins in LANGUAGE.
texts.use_language(GLib.get_language_names())
Gimp.main(Harmonize.__gtype__, sys.argv)
