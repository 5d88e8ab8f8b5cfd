"""A photo, large, and the photos of a gallery, small."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .client.raiha_client import Client
from .client.raiha_texts import reference_name
from .qt import Qt, QtCore, QtGui, QtWidgets

LARGE = 0.8
"""Of the screen, which a photo takes at most."""
SMALL = QtCore.QSize(144, 108)
CELL = SMALL + QtCore.QSize(16, 36)
TICK_MS = 10


def read_photo(path: str, largest: QtCore.QSize) -> QtGui.QImage:
    """Return a photo, upright and no larger than ``largest``; null if Qt cannot read it."""
    reader = QtGui.QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        turned = bool(reader.transformation() & QtGui.QImageIOHandler.Transformation.TransformationRotate90)
        room = largest.transposed() if turned else largest
        if size.width() > room.width() or size.height() > room.height():
            reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def show_photo(path: str, parent: QtWidgets.QWidget) -> QtWidgets.QDialog:
    """Show a photo in a window of its own, as large as the screen allows."""
    window = QtWidgets.QDialog(parent)
    window.setObjectName("raiha_photo")
    window.setWindowTitle(reference_name(path))
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    label = QtWidgets.QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    photo = read_photo(path, parent.screen().availableSize() * LARGE * parent.devicePixelRatioF())
    if photo.isNull():
        label.setText(texts.REFERENCE_GONE.format(path=path))
        label.setMargin(24)
    else:
        photo.setDevicePixelRatio(parent.devicePixelRatioF())
        label.setPixmap(QtGui.QPixmap.fromImage(photo))
    layout = QtWidgets.QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(label)
    window.show()
    return window


class GalleryWindow(QtWidgets.QDialog):
    """The photos of a gallery, read one after the other while the window stays alive; a double-click shows one large.

    Args:
        client: to the daemon, which names the photos.
        gallery: the gallery's name.
        parent: the dialog.
    """

    def __init__(self, client: Client, gallery: str, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_gallery")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 520)
        self.list = QtWidgets.QListWidget()
        self.list.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.list.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.list.setMovement(QtWidgets.QListView.Movement.Static)
        self.list.setIconSize(SMALL)
        self.list.setGridSize(CELL)
        self.list.itemDoubleClicked.connect(lambda item: show_photo(item.toolTip(), self))
        buttons = QtWidgets.QDialogButtonBox()
        buttons.addButton(texts.CLOSE, QtWidgets.QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.list, 1)
        layout.addWidget(buttons)
        self._client, self._gallery = client, gallery
        self._total = 1
        self._shown = 0
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._show_next)
        self._timer.start(TICK_MS)

    def _show_next(self) -> None:
        """List the next photos, or read the next one that is listed."""
        if self._shown < self.list.count():
            item = self.list.item(self._shown)
            photo = read_photo(item.toolTip(), SMALL)
            item.setIcon(QtGui.QIcon(QtGui.QPixmap.fromImage(photo)))
            self._shown += 1
        elif self.list.count() < self._total:
            self._list_more()
        else:
            self._timer.stop()

    def _list_more(self) -> None:
        answer = self._client.photos(self._gallery, self.list.count())
        self._total = answer["total"] if answer["photos"] else 0
        self.setWindowTitle(texts.gallery_label(self._gallery, answer["total"]))
        for path in answer["photos"]:
            item = QtWidgets.QListWidgetItem(reference_name(path))
            item.setToolTip(path)
            item.setSizeHint(CELL)
            self.list.addItem(item)

    def done(self, result: Any) -> None:
        """Stop reading and close; Qt calls this."""
        self._timer.stop()
        super().done(result)
