"""The buttons below the preview: zoom out and in, the whole preview, a pixel for a pixel."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .client.viewport import STEP
from .preview import Preview
from .qt import Qt, QtWidgets


class ZoomBar(QtWidgets.QWidget):
    """Zooms a preview and shows its scale."""

    def __init__(self, preview: Preview, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview = preview
        self._scale = QtWidgets.QLabel()
        self._scale.setMinimumWidth(self.fontMetrics().boundingRect("1600 %").width() + 6)
        self._scale.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(1)
        self.out = self._button("−", texts.ZOOM_OUT, lambda: preview.zoom_by(1 / STEP))
        layout.addWidget(self.out)
        layout.addWidget(self._scale)
        self.into = self._button("+", texts.ZOOM_IN, lambda: preview.zoom_by(STEP))
        self.fit = self._button(texts.ZOOM_FIT, texts.ZOOM_FIT_TOOLTIP, preview.zoom_fit)
        self.true = self._button(texts.ZOOM_TRUE, texts.ZOOM_TRUE_TOOLTIP, preview.zoom_true)
        for button in (self.into, self.fit, self.true):
            layout.addWidget(button)
        layout.addStretch(1)
        preview.zoomed.connect(self._show)
        self._show()

    def _button(self, words: str, tooltip: str, slot: Any) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setText(words)
        button.setToolTip(tooltip)
        button.setAccessibleName(tooltip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda *_: slot())
        return button

    def _show(self) -> None:
        self._scale.setText(f"{100 * self._preview.viewport.scale:.0f} %")
