"""A column of fields that scrolls where the screen is too low, and is always wide enough for them."""

from __future__ import annotations

from typing import Any

from .qt import Qt, QtCore, QtWidgets


class Column(QtWidgets.QScrollArea):
    """Scrolls a widget up and down only.

    Args:
        fields: the widget.
        least: width that it needs once all of it is unfolded, pixels.
    """

    def __init__(self, fields: QtWidgets.QWidget, least: int) -> None:
        super().__init__()
        self._least = least
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(fields)
        fields.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  (Qt's name)
        """Become as wide as the fields need when they change; Qt calls this."""
        if event.type() in (QtCore.QEvent.Type.LayoutRequest, QtCore.QEvent.Type.Show):
            bar = self.verticalScrollBar().sizeHint().width()
            self.setMinimumWidth(max(self.widget().minimumSizeHint().width(), self._least) + bar)
        filtered: bool = super().eventFilter(watched, event)
        return filtered

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802  (Qt's name)
        """Return the fields' own size, so that they scroll only where there is no room; Qt calls this."""
        return self.widget().sizeHint() + QtCore.QSize(self.verticalScrollBar().sizeHint().width(), 0)
