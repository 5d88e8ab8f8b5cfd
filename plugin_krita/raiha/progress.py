"""Progress: as a strip inside the dialog, and as a window of its own when there is no dialog."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .qt import Qt, QtCore, QtWidgets


class Progress(QtWidgets.QWidget):
    """A label over a progress bar."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QtWidgets.QLabel(" ")
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.bar)

    def show_stage(self, stage: str, fraction: float) -> None:
        """Show a stage and its progress; the bar moves back and forth while the progress is 0."""
        words = texts.CANCELLING if stage == "cancelling" else texts.STAGES.get(stage, stage)
        if self.words.text() != words:
            self.words.setText(words)
        self.bar.show()
        self.bar.setRange(0, 100 if fraction > 0.0 else 0)
        self.bar.setValue(round(100 * fraction))

    def clear(self, words: str = " ") -> None:
        """Hide the bar, and show words in place of a stage."""
        self.words.setText(words)
        self.bar.hide()


class ProgressWindow(QtWidgets.QDialog):
    """The window of a run without a dialog.

    Signals:
        cancelled: the user pressed Cancel, Escape or the window's close button.
    """

    cancelled = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_progress")
        self.setWindowTitle(texts.TITLE)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(360)
        self.progress = Progress()
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Cancel).setText(texts.CANCEL)
        buttons.rejected.connect(self.reject)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.progress)
        layout.addWidget(buttons)

    def reject(self) -> None:
        """Ask to cancel: the window stays until the work has ended. Qt calls this."""
        self.cancelled.emit()

    def closeEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Ask to cancel in place of closing; Qt calls this."""
        event.ignore()
        self.cancelled.emit()

    def leave(self) -> None:
        """Close the window."""
        self.hide()
        self.deleteLater()
