"""The right side of the dialog: strength, adjustments, gallery and references, and where the result goes."""

from __future__ import annotations

from client import raiha_texts as texts
from gimp_api import Gimp
from gtk_api import GimpUi, Gtk
from mnemonics import with_mnemonic
from options import argument_of


def options_side(
    config: Gimp.ProcedureConfig, adjust: Gtk.Widget, gallery: Gtk.Widget, references: Gtk.Expander, menu: Gtk.Widget
) -> Gtk.Widget:
    """Return the options in their order, in a column that scrolls where the screen is low.

    Args:
        config: the procedure's arguments, which the fields show and set.
        adjust: the sliders.
        gallery: the list of galleries.
        references: what is folded away until a gallery is chosen.
        menu: the help.
    """
    grid = Gtk.Grid(row_spacing=6, column_spacing=12)
    strength = GimpUi.prop_scale_entry_new(config, "strength", with_mnemonic(texts.STRENGTH), 100.0, False, 0.0, 0.0)
    strength.set_digits(0)
    strength.set_tooltip_text(texts.STRENGTH_TOOLTIP)
    grid.attach(strength, 0, 0, 2, 1)
    _attach(grid, 1, texts.WHAT, GimpUi.prop_choice_combo_box_new(config, "change"), texts.WHAT_TOOLTIP)
    sliders = Gtk.Expander(
        label=with_mnemonic(texts.ADJUST), use_underline=True, expanded=not references.get_expanded()
    )
    sliders.get_label_widget().set_tooltip_text(texts.ADJUST_TOOLTIP)
    sliders.add(adjust)
    _let_one_fold_the_other(sliders, references)
    grid.attach(sliders, 0, 2, 2, 1)
    for row, (name, words) in enumerate(texts.FINISH_LABELS.items(), start=3):
        box = GimpUi.prop_check_button_new(config, argument_of(name), with_mnemonic(words))
        box.set_tooltip_text(texts.FINISH_TOOLTIPS[name])
        grid.attach(box, 0, row, 2, 1)
    _attach(grid, 6, texts.GALLERY, gallery, texts.GALLERY_TOOLTIP)
    grid.attach(references, 0, 7, 2, 1)
    _attach(grid, 8, texts.PLACEMENT, GimpUi.prop_choice_combo_box_new(config, "result"), texts.PLACEMENT_TOOLTIP)
    menu.set_halign(Gtk.Align.END)
    grid.attach(menu, 0, 9, 2, 1)
    scrolled = Gtk.ScrolledWindow(
        hscrollbar_policy=Gtk.PolicyType.NEVER, propagate_natural_height=True, propagate_natural_width=True
    )
    scrolled.add(grid)
    return scrolled


def _let_one_fold_the_other(first: Gtk.Expander, second: Gtk.Expander) -> None:
    """Fold either away when the other is opened: both are too high for many screens."""
    for opened, other in ((first, second), (second, first)):
        opened.connect("notify::expanded", lambda it, _, other=other: it.get_expanded() and other.set_expanded(False))


def _attach(grid: Gtk.Grid, row: int, words: str, widget: Gtk.Widget, tooltip: str) -> None:
    widget.set_hexpand(True)
    widget.set_tooltip_text(tooltip)
    label = Gtk.Label(label=with_mnemonic(words), use_underline=True, xalign=0, tooltip_text=tooltip)
    label.set_mnemonic_widget(widget)
    grid.attach(label, 0, row, 1, 1)
    grid.attach(widget, 1, row, 1, 1)
