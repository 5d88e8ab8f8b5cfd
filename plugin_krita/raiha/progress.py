"""How far the work is: as a strip inside the dialog, and as a window of its own when there is no dialog."""

from __future__ import annotations

from typing import Any

from . import raiha_texts as texts
from .qt import QDialog, QDialogButtonBox, QLabel, QProgressBar, Qt, QVBoxLayout, QWidget, pyqtSignal


class Progress(QWidget):
    """A line of words over a bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(" ")
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.bar)

    def show_stage(self, stage: str, fraction: float) -> None:
        """Say what is being done; a stage of which nothing is done yet moves the bar to and fro."""
        words = texts.CANCELLING if stage == "cancelling" else texts.STAGES.get(stage, stage)
        if self.words.text() != words:
            self.words.setText(words)
        self.bar.show()
        self.bar.setRange(0, 100 if fraction > 0.0 else 0)
        self.bar.setValue(round(100 * fraction))

    def clear(self, words: str = " ") -> None:
        """Show that nothing is going on, and perhaps words in its place."""
        self.words.setText(words)
        self.bar.hide()


class ProgressWindow(QDialog):
    """The window of a run without a dialog. Signal ``cancelled``: Cancel, Escape or the window's close button."""

    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_progress")
        self.setWindowTitle(texts.TITLE)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(360)
        self.progress = Progress()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(texts.CANCEL)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.progress)
        layout.addWidget(buttons)

    def reject(self) -> None:
        """Ask for the end: the window stays until the work has ended. Qt calls it."""
        self.cancelled.emit()

    def closeEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Ask for the end in place of closing: Qt calls it."""
        event.ignore()
        self.cancelled.emit()

    def leave(self) -> None:
        """Close for good."""
        self.hide()
        self.deleteLater()
