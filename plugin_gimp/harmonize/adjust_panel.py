"""The adjustments in the dialog: a slider and a number for each, set by the network, changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from client import raiha_texts as texts
from client.adjusting import LIMITS, UNITS
from client.adjustments import DIGITS, Adjustments
from gtk_api import Gdk, Gtk
from mnemonics import with_mnemonic

_STEPS = {"EV": 0.05, "%": 1.0}
"""The step of a slider, by unit."""
_SLIDER_WIDTH = 130


class AdjustPanel(Gtk.Box):
    """A row for each adjustment; a double-click on its name or its slider sets it back to what the network found.

    Args:
        adjustments: what is shown and set.
        on_change: called after the user has changed a number.
    """

    def __init__(self, adjustments: Adjustments, on_change: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_top=6)
        self._numbers, self._on_change = adjustments, on_change
        self._is_showing = False
        self._adjustments = {name: self._adjustment(name) for name in texts.ADJUST_LABELS}
        grid = Gtk.Grid(row_spacing=2, column_spacing=6)
        self._sliders: dict[str, Gtk.Scale] = {}
        for row, name in enumerate(self._adjustments):
            self._attach(grid, row, name)
        self.pack_start(grid, False, False, 0)
        self._reset_all = Gtk.Button(label=with_mnemonic(texts.ADJUST_RESET_ALL), use_underline=True)
        self._reset_all.set_halign(Gtk.Align.END)
        self._reset_all.set_tooltip_text(texts.ADJUST_RESET_ALL_TOOLTIP)
        self._reset_all.connect("clicked", lambda _button: self._reset(None))
        self.pack_start(self._reset_all, False, False, 0)
        self.set_sensitive(False)

    def show_numbers(self) -> None:
        """Show the numbers after a preview has arrived."""
        self._is_showing = True
        for name, adjustment in self._adjustments.items():
            adjustment.set_value(self._numbers.value(name))
        self._is_showing = False
        self._reset_all.set_sensitive(bool(self._numbers.changed))
        self.set_sensitive(True)
        self._sliders["shading"].set_sensitive(bool(self._numbers.shading))

    def _adjustment(self, name: str) -> Gtk.Adjustment:
        least, most = LIMITS[name]
        step = _STEPS[UNITS[name]]
        adjustment = Gtk.Adjustment(lower=least, upper=most, step_increment=step, page_increment=5 * step)
        adjustment.connect("value-changed", self._on_value, name)
        return adjustment

    def _attach(self, grid: Gtk.Grid, row: int, name: str) -> None:
        adjustment, digits = self._adjustments[name], DIGITS[name]
        words, unit = texts.ADJUST_LABELS[name], UNITS[name]
        label = Gtk.Label(label=words, xalign=0)
        slider = Gtk.Scale(adjustment=adjustment, draw_value=False, digits=digits, hexpand=True)
        slider.set_size_request(_SLIDER_WIDTH, -1)
        number = Gtk.SpinButton(adjustment=adjustment, digits=digits, width_chars=6)
        label.set_mnemonic_widget(number)
        slider.get_accessible().set_name(words)
        self._sliders[name] = slider
        tooltip = f"{texts.ADJUST_TOOLTIPS[name]}. {texts.ADJUST_RESET_HINT}"
        held = Gtk.EventBox(visible_window=False)
        held.add(label)
        for column, widget in enumerate((held, slider, number, Gtk.Label(label=unit, xalign=0))):
            widget.set_tooltip_text(tooltip)
            grid.attach(widget, column, row, 1, 1)
        for widget in (held, slider):
            widget.connect("button-press-event", self._on_press, name)

    def _on_press(self, _widget: Gtk.Widget, event: Any, name: str) -> bool:
        if event.type != Gdk.EventType._2BUTTON_PRESS:
            return False
        self._reset(name)
        return True

    def _reset(self, name: str | None) -> None:
        self._numbers.reset(name)
        self.show_numbers()
        self._on_change()

    def _on_value(self, adjustment: Gtk.Adjustment, name: str) -> None:
        if not self._is_showing:
            self._numbers.set(name, adjustment.get_value())
            self._reset_all.set_sensitive(bool(self._numbers.changed))
            self._on_change()
