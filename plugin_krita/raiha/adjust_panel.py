"""The sliders of the adjustments: set by the network, changed by hand, reset by a double-click."""

from __future__ import annotations

from functools import partial
from typing import Any

from .client import raiha_texts as texts
from .client.adjusting import LIMITS, UNITS
from .client.adjustments import DIGITS, Adjustments
from .qt import Qt, QtCore, QtWidgets


class AdjustPanel(QtWidgets.QWidget):
    """A slider with a number for each adjustment.

    Signals:
        changed: a number was changed by hand or reset.

    Attributes:
        adjustments: what the sliders show.
        sliders: by the adjustments' names.
        numbers: fields by the adjustments' names.
    """

    changed = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.adjustments = Adjustments()
        self.sliders: dict[str, QtWidgets.QSlider] = {}
        self.numbers: dict[str, QtWidgets.QDoubleSpinBox] = {}
        self._showing = False
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        widest = max(self.fontMetrics().boundingRect(words).width() for words in texts.ADJUST_LABELS.values())
        grid.setColumnMinimumWidth(0, widest + 10)
        for row, name in enumerate(LIMITS):
            self._add_row(grid, row, name)
        self.reset_all = QtWidgets.QPushButton(texts.ADJUST_RESET_ALL)
        self.reset_all.setToolTip(texts.ADJUST_RESET_ALL_TOOLTIP)
        self.reset_all.setAutoDefault(False)
        self.reset_all.clicked.connect(lambda *_: self._reset(None))
        grid.addWidget(self.reset_all, len(LIMITS), 1, 1, 2, Qt.AlignmentFlag.AlignRight)
        self.setEnabled(False)
        self._show()

    def _add_row(self, grid: QtWidgets.QGridLayout, row: int, name: str) -> None:
        words = f"{texts.ADJUST_TOOLTIPS[name]}. {texts.ADJUST_RESET_HINT}."
        label = QtWidgets.QLabel(texts.ADJUST_LABELS[name])
        slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        number = QtWidgets.QDoubleSpinBox()
        number.setDecimals(DIGITS[name])
        number.setSuffix(f" {UNITS[name]}")
        number.setRange(*LIMITS[name])
        number.setSingleStep(_step(name))
        slider.setRange(*(round(limit / _unit(name)) for limit in LIMITS[name]))
        slider.setPageStep(round(5 * _step(name) / _unit(name)))
        slider.setMinimumWidth(110)
        slider.setObjectName(f"raiha_{name}")
        for widget in (label, slider, number):
            widget.setToolTip(words)
            widget.setAccessibleName(texts.ADJUST_LABELS[name])
        for widget in (label, slider):
            widget.installEventFilter(self)
            widget.setProperty("raiha_name", name)
        label.setBuddy(number)
        slider.valueChanged.connect(lambda value: self._set(name, value * _unit(name)))
        number.valueChanged.connect(partial(self._set, name))
        self.sliders[name], self.numbers[name] = slider, number
        for column, widget in enumerate((label, slider, number)):
            grid.addWidget(widget, row, column)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  (Qt's name)
        """Reset a number at a double-click; Qt calls this."""
        if event.type() == QtCore.QEvent.Type.MouseButtonDblClick:
            self._reset(watched.property("raiha_name"))
            return True
        return False

    def show_found(self, found: Any) -> None:
        """Show what a preview's result has as ``adjustments``; numbers set by hand stay."""
        self.adjustments.show(found)
        self.setEnabled(True)
        self._show()

    def _set(self, name: str, value: float) -> None:
        if not self._showing:
            self.adjustments.set(name, value)
            self._show(name)
            self.changed.emit()

    def _reset(self, name: str | None) -> None:
        self.adjustments.reset(name)
        self._show()
        self.changed.emit()

    def _show(self, only: str | None = None) -> None:
        self._showing = True
        for name in LIMITS if only is None else [only]:
            value = self.adjustments.value(name)
            self.sliders[name].setValue(round(value / _unit(name)))
            self.numbers[name].setValue(value)
        has_shading = bool(self.adjustments.shading)
        self.sliders["shading"].setEnabled(has_shading)
        self.numbers["shading"].setEnabled(has_shading)
        self.reset_all.setEnabled(bool(self.adjustments.changed))
        self._showing = False


def _unit(name: str) -> float:
    """Return what a step of the slider stands for."""
    return float(10.0 ** -DIGITS[name])


def _step(name: str) -> float:
    """Return by how much a number's arrows change it."""
    return 0.05 if UNITS[name] == "EV" else 1.0
