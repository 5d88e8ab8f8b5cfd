"""The list of references with thumbnails, whose photos can be pinned, excluded, or chosen from disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .client import raiha_texts as texts
from .client.raiha_client import Reference
from .client.raiha_plugin import ChosenReferences, Row
from .photo_window import show_photo
from .qt import Qt, QtCore, QtGui, QtWidgets

THUMBNAIL = QtCore.QSize(144, 108)
LEAST_WIDTH = 320


class References(QtWidgets.QWidget):
    """The list and its buttons.

    Signals:
        run_again: the user wants a preview with what is pinned and excluded.

    Attributes:
        chosen: what is pinned and excluded.
        list: the list without its buttons.
    """

    run_again = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen = ChosenReferences()
        self._rows: list[Row] = []
        self._empty = QtWidgets.QLabel(texts.REFERENCES_EMPTY)
        self._empty.setWordWrap(True)
        self.list = QtWidgets.QListWidget()
        self.list.setObjectName("raiha_references")
        self.list.setIconSize(THUMBNAIL)
        self.list.setMinimumHeight(THUMBNAIL.height() + 40)
        self.setMinimumWidth(LEAST_WIDTH)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.currentRowChanged.connect(self._label_buttons)
        self.list.itemDoubleClicked.connect(lambda _: self._show_large())
        self.exclude = self._button(texts.REFERENCE_EXCLUDE, texts.REFERENCE_EXCLUDE_TOOLTIP, self._toggle_excluded)
        self.pin = self._button(texts.REFERENCE_PIN, texts.REFERENCE_PIN_TOOLTIP, self._toggle_pinned)
        self.choose = self._button(texts.REFERENCE_CHOOSE, texts.REFERENCE_CHOOSE_TOOLTIP, self._choose)
        self.again = self._button(texts.RUN_AGAIN, texts.RUN_AGAIN_TOOLTIP, self.run_again.emit)
        self._lay_out()
        self._fill(None)

    def _button(self, words: str, tooltip: str, slot: Any) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(words)
        button.setToolTip(tooltip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda *_: slot())
        return button

    def _lay_out(self) -> None:
        first, second = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for row, buttons in ((first, (self.exclude, self.pin)), (second, (self.choose, self.again))):
            for button in buttons:
                row.addWidget(button)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._empty)
        layout.addWidget(self.list, 1)
        layout.addLayout(first)
        layout.addLayout(second)

    def set_references(self, references: Sequence[Reference]) -> None:
        """Show the references that a preview was made with."""
        current = self._current()
        self.chosen.show(references)
        self._fill(None if current is None else current.path)

    def add_photo(self, path: str) -> None:
        """Pin a photo from disk."""
        self.chosen.pin(path, True)
        self._fill(path)

    def _fill(self, current: str | None) -> None:
        self._rows = self.chosen.rows()
        self.list.clear()
        for row in self._rows:
            self.list.addItem(_item(row))
        paths = [row.path for row in self._rows]
        if paths:
            self.list.setCurrentRow(paths.index(current) if current in paths else 0)
        self._empty.setVisible(not paths)
        self.list.setVisible(bool(paths))
        self._label_buttons()

    def _current(self) -> Row | None:
        number = self.list.currentRow()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def _label_buttons(self, *_: Any) -> None:
        row = self._current()
        excluded, pinned = row is not None and row.excluded, row is not None and row.pinned
        self.exclude.setText(texts.REFERENCE_INCLUDE if excluded else texts.REFERENCE_EXCLUDE)
        self.pin.setText(texts.REFERENCE_UNPIN if pinned else texts.REFERENCE_PIN)
        for button in (self.exclude, self.pin):
            button.setEnabled(row is not None)

    def _toggle_excluded(self) -> None:
        row = self._current()
        if row is not None:
            self.chosen.exclude(row.path, not row.excluded)
            self._fill(row.path)

    def _toggle_pinned(self) -> None:
        row = self._current()
        if row is not None:
            self.chosen.pin(row.path, not row.pinned)
            self._fill(row.path)

    def _show_large(self) -> None:
        row = self._current()
        if row is not None:
            show_photo(row.path, self.window())

    def _choose(self) -> None:
        title, photos = texts.REFERENCE_CHOOSE_TITLE, texts.REFERENCE_PHOTOS
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, title, "", photos)
        if path:
            self.add_photo(path)


def _item(row: Row) -> QtWidgets.QListWidgetItem:
    words = "\n".join([texts.reference_name(row.path), *row.notes])
    item = QtWidgets.QListWidgetItem(QtGui.QIcon(_framed(_photo(row))), words)
    item.setToolTip(row.explanation)
    font = item.font()
    font.setStrikeOut(row.excluded)
    item.setFont(font)
    return item


def _photo(row: Row) -> QtGui.QPixmap:
    """Return the daemon's thumbnail, or the photo itself; empty if Qt cannot read it."""
    if row.thumbnail is None:
        return QtGui.QPixmap(row.path)
    photo = QtGui.QPixmap()
    photo.loadFromData(row.thumbnail)
    return photo


def _framed(photo: QtGui.QPixmap) -> QtGui.QPixmap:
    """Return a photo scaled down and centred in a thumbnail's area, which stays empty if there is no photo."""
    framed = QtGui.QPixmap(THUMBNAIL)
    framed.fill(Qt.GlobalColor.transparent)
    if not photo.isNull():
        small = photo.scaled(THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter = QtGui.QPainter(framed)
        left = (THUMBNAIL.width() - small.width()) // 2
        painter.drawPixmap(left, (THUMBNAIL.height() - small.height()) // 2, small)
        painter.end()
    return framed
