"""A part of the dialog that can be folded away."""

from __future__ import annotations

from .qt import Qt, QtWidgets


class Section(QtWidgets.QWidget):
    """A heading with an arrow, and a widget below it that is shown or hidden.

    Attributes:
        heading: the button that shows and hides.
        body: what is below it.
    """

    def __init__(self, words: str, tooltip: str, body: QtWidgets.QWidget, *, is_open: bool) -> None:
        super().__init__()
        self.body = body
        self.heading = QtWidgets.QToolButton()
        self.heading.setText(words)
        self.heading.setToolTip(tooltip)
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.toggled.connect(self._show)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.heading)
        layout.addWidget(body, 1)
        self.heading.setChecked(is_open)
        self._show(is_open)

    def _show(self, is_open: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.body.setVisible(is_open)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Preferred if is_open else policy.Maximum)


def let_one_fold_the_other(first: Section, second: Section) -> None:
    """Fold either away when the other is opened: both are too high for many screens."""

    def fold_with(opened: Section, other: Section) -> None:
        opened.heading.toggled.connect(lambda is_open: other.heading.setChecked(False) if is_open else None)

    fold_with(first, second)
    fold_with(second, first)
