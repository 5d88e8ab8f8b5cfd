"""The references that took part, with thumbnails; each can be excluded or pinned, and photos can be added."""

from __future__ import annotations

from typing import Any

from . import raiha_texts as texts
from .qt import (
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QIcon,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPainter,
    QPixmap,
    QPushButton,
    QSize,
    Qt,
    QVBoxLayout,
    QWidget,
    pyqtSignal,
)

THUMBNAIL = QSize(72, 54)
PATH_ROLE = int(Qt.ItemDataRole.UserRole)


class References(QGroupBox):
    """The list and its buttons. Signal ``run_again``: the user wants a preview with what is pinned and excluded."""

    run_again = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(texts.REFERENCES, parent)
        self.pinned: list[str] = []
        self.excluded: list[str] = []
        self._thumbnails: dict[str, QPixmap] = {}
        self._reasons: dict[str, str] = {}
        self._empty = QLabel(texts.REFERENCES_EMPTY)
        self._empty.setWordWrap(True)
        self.list = QListWidget()
        self.list.setObjectName("raiha_references")
        self.list.setIconSize(THUMBNAIL)
        self.list.setMinimumSize(300, 150)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.currentItemChanged.connect(self._show_state)
        self.exclude = self._button(texts.REFERENCE_EXCLUDE, self._toggle_excluded)
        self.pin = self._button(texts.REFERENCE_PIN, self._toggle_pinned)
        self.choose = self._button(texts.REFERENCE_CHOOSE, self._choose)
        self.again = self._button(texts.RUN_AGAIN, self.run_again.emit)
        self._lay_out()
        self._show_state()

    def _button(self, words: str, slot: Any) -> QPushButton:
        button = QPushButton(words)
        button.setAutoDefault(False)
        button.clicked.connect(lambda *_: slot())
        return button

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, buttons in ((first, (self.exclude, self.pin)), (second, (self.choose, self.again))):
            for button in buttons:
                row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self._empty)
        layout.addWidget(self.list, 1)
        layout.addLayout(first)
        layout.addLayout(second)

    def set_references(self, references: list[Any]) -> None:
        """Show the references of an answer, and below them the photos that the user excluded."""
        self.list.clear()
        for reference in references:
            thumbnail = self._thumbnails[reference.path] = QPixmap()
            thumbnail.loadFromData(reference.thumbnail)
            why = (reference.content, reference.appearance)
            # A photo that was found and then pinned keeps its reason.
            if reference.content is not None or reference.path not in self._reasons:
                self._reasons[reference.path] = texts.reference_reason(*why)
            item = self._add(reference.path, thumbnail)
            item.setToolTip(texts.reference_explanation(reference.path, *why))
        shown = {reference.path for reference in references}
        for path in [*self.pinned, *self.excluded]:
            if path not in shown:
                self._add(path, self._thumbnails.get(path) or QPixmap(path))
        if self.list.count():
            self.list.setCurrentRow(0)
        self._show_state()

    def _add(self, path: str, photo: QPixmap) -> QListWidgetItem:
        item = QListWidgetItem(QIcon(_framed(photo)), "", self.list)
        item.setData(PATH_ROLE, path)
        item.setToolTip(path)
        return item

    def _current(self) -> str | None:
        item = self.list.currentItem()
        return None if item is None else item.data(PATH_ROLE)

    def _toggle_excluded(self) -> None:
        self._toggle(self.excluded, self.pinned)

    def _toggle_pinned(self) -> None:
        self._toggle(self.pinned, self.excluded)

    def _toggle(self, paths: list[str], others: list[str]) -> None:
        path = self._current()
        if path is None:
            return
        if path in paths:
            paths.remove(path)
        else:
            paths.append(path)
            if path in others:
                others.remove(path)
        self._show_state()

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, texts.REFERENCE_CHOOSE_TITLE, "", texts.REFERENCE_PHOTOS)
        if chosen:
            self.add_photo(chosen)

    def add_photo(self, path: str) -> None:
        """Pin a photo from disk."""
        if path not in self.pinned:
            self.pinned.append(path)
            self.list.setCurrentItem(self._add(path, QPixmap(path)))
        self._show_state()

    def _show_state(self, *_: Any) -> None:
        for row in range(self.list.count()):
            self._show_item(self.list.item(row))
        path = self._current()
        self.exclude.setEnabled(path is not None)
        self.pin.setEnabled(path is not None)
        self.exclude.setText(texts.REFERENCE_INCLUDE if path in self.excluded else texts.REFERENCE_EXCLUDE)
        self.pin.setText(texts.REFERENCE_UNPIN if path in self.pinned else texts.REFERENCE_PIN)
        self._empty.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)

    def _show_item(self, item: QListWidgetItem) -> None:
        path = item.data(PATH_ROLE)
        is_excluded = path in self.excluded
        why = texts.reference_state(self._reasons.get(path, ""), path in self.pinned, is_excluded)
        item.setText(f"{texts.reference_name(path)}\n{why}")
        font = item.font()
        font.setStrikeOut(is_excluded)
        item.setFont(font)


def _framed(photo: QPixmap) -> QPixmap:
    """Return a photo in the middle of a thumbnail's area; an empty one for a file that Qt does not read."""
    framed = QPixmap(THUMBNAIL)
    framed.fill(Qt.GlobalColor.transparent)
    if not photo.isNull():
        small = photo.scaled(THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter = QPainter(framed)
        left = (THUMBNAIL.width() - small.width()) // 2
        painter.drawPixmap(left, (THUMBNAIL.height() - small.height()) // 2, small)
        painter.end()
    return framed
