"""Offers the layer above when the chosen layer is the whole picture."""

from __future__ import annotations

from client import raiha_texts as texts
from gimp_api import Gimp
from gtk_api import GimpUi, Gtk
from layers import WrongLayerError


def is_other_wanted(procedure: Gimp.Procedure, error: WrongLayerError) -> bool:
    """Ask whether the layer above is meant; return whether it is."""
    GimpUi.init(procedure.get_name())
    names = {"layer": error.layer.get_name(), "above": error.above.get_name()}
    dialog = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION, title=texts.TITLE, text=texts.LAYER_BELOW.format(**names)
    )
    dialog.add_button(texts.CANCEL, Gtk.ResponseType.CANCEL)
    dialog.add_button(texts.LAYER_ABOVE_YES.format(**names), Gtk.ResponseType.OK)
    dialog.get_accessible().set_name(texts.TITLE)
    dialog.set_default_response(Gtk.ResponseType.OK)
    GimpUi.window_set_transient(dialog)
    try:
        return bool(dialog.run() == Gtk.ResponseType.OK)
    finally:
        dialog.destroy()
