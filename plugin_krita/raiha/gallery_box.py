"""The choice of a gallery, and its care: adding a folder of photos, looking through it, removing it."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .client.errors import ClientError
from .messages import show_error, show_words
from .photo_window import GalleryWindow
from .progress import ProgressWindow
from .qt import Qt, QtCore, QtWidgets
from .runner import Runner
from .session import Cancelled, Session

NEW_GALLERY = "default"
"""What a folder is read into while no gallery is chosen."""


class GalleryBox(QtWidgets.QWidget):
    """A list of galleries with buttons.

    Signals:
        chosen: another gallery, or none.

    Attributes:
        list: the galleries, with their names as data.
        add: the button that reads a folder.
        browse: the button that shows the photos.
        remove: the button that removes the gallery.
    """

    chosen = QtCore.pyqtSignal()

    def __init__(self, session: Session, wanted: str | None, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._wanted = wanted
        self._runner: Runner | None = None
        self.list = QtWidgets.QComboBox()
        self.list.addItem(texts.GALLERY_NONE, None)
        self.list.setToolTip(texts.GALLERY_TOOLTIP)
        self.list.activated.connect(lambda _: self._choose(self.list.currentData()))
        self.add = _button(texts.GALLERY_ADD, texts.GALLERY_ADD_TOOLTIP, self._add)
        self.browse = _button(texts.GALLERY_BROWSE, texts.GALLERY_BROWSE_TOOLTIP, self._browse)
        self.remove = _button(texts.GALLERY_REMOVE, texts.GALLERY_REMOVE_TOOLTIP, self._remove)
        care = QtWidgets.QHBoxLayout()
        care.addWidget(self.browse)
        care.addWidget(self.remove)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.list)
        layout.addWidget(self.add)
        layout.addLayout(care)
        self._label()

    def name(self) -> str | None:
        """Return the chosen gallery; before the daemon has named its galleries, the last one that was used."""
        return self._wanted

    def show_galleries(self) -> None:
        """List the galleries of the connected daemon, once."""
        if self.list.count() == 1 and self._session.client is not None:
            self._fill(self._session.client.hello.get("galleries", []))

    def _fill(self, galleries: list[dict[str, Any]]) -> None:
        while self.list.count() > 1:
            self.list.removeItem(1)
        for gallery in galleries:
            self.list.addItem(texts.gallery_label(gallery["name"], gallery["photos"]), gallery["name"])
        self.list.setCurrentIndex(max(self.list.findData(self._wanted), 0))
        self._wanted = self.list.currentData()
        self._label()

    def _choose(self, name: str | None) -> None:
        self._wanted = name
        self._label()
        self.chosen.emit()

    def _label(self) -> None:
        has_gallery = self._wanted is not None and self._session.client is not None
        for button in (self.browse, self.remove):
            button.setVisible(has_gallery)

    def _add(self) -> None:
        folder = QtWidgets.QFileDialog.getExistingDirectory(self, texts.GALLERY_ADD_TITLE)
        if folder:
            self.read_folder(folder)

    def read_folder(self, folder: str) -> None:
        """Have the daemon read a folder into the chosen gallery, or into a new one, with progress and Cancel."""
        if self._runner is not None:
            return
        window = ProgressWindow(self.window())
        window.progress.show_stage(texts.GALLERY_FINDING, 0.0)
        self._runner = Runner(self._session.read_folder(folder, self._wanted or NEW_GALLERY), self)
        window.cancelled.connect(self._runner.cancel)
        self._runner.progressed.connect(window.progress.show_stage)
        self._runner.finished.connect(lambda answer, error: self._was_read(answer, error, window))
        window.show()

    def _was_read(self, answer: Any, error: BaseException | None, window: ProgressWindow) -> None:
        self._runner = None
        window.leave()
        client = self._session.client
        if client is None:
            return
        if error is None:
            self._wanted = answer["gallery"]
            show_words(texts.gallery_added(answer["gallery"], answer["photos"], answer["skipped"]), self.window())
        elif not isinstance(error, Cancelled):
            show_error(error, self.window())
        self._fill(client.galleries())
        if error is None:
            self.chosen.emit()

    def _browse(self) -> None:
        if self._session.client is not None and self._wanted is not None:
            GalleryWindow(self._session.client, self._wanted, self.window()).show()

    def _remove(self) -> None:
        """Ask, then remove the chosen gallery."""
        box = QtWidgets.QMessageBox(self.window())
        box.setObjectName("raiha_question")
        box.setIcon(QtWidgets.QMessageBox.Icon.Question)
        box.setWindowTitle(texts.TITLE)
        box.setText(texts.GALLERY_REMOVE_QUESTION.format(gallery=self._wanted))
        yes = box.addButton(texts.GALLERY_REMOVE_YES, QtWidgets.QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(texts.CANCEL, QtWidgets.QMessageBox.ButtonRole.RejectRole))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(lambda _: self._remove_now() if box.clickedButton() is yes else None)
        box.open()

    def _remove_now(self) -> None:
        client, name = self._session.client, self._wanted
        if client is None or name is None:
            return
        try:
            client.remove_gallery(name)
        except ClientError as error:
            show_error(error, self.window())
            return
        self._wanted = None
        self._fill(client.galleries())
        self.chosen.emit()


def _button(words: str, tooltip: str, slot: Any) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(words)
    button.setToolTip(tooltip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda *_: slot())
    return button
