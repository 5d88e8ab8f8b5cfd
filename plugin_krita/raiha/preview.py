"""The object in its surroundings, the original left and the result right of a line that can be dragged."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .client.raiha_client import Frame
from .qt import Qt, QtCore, QtGui, QtWidgets

KEY_STEP = 0.05
LABEL_MARGIN = 8
SAMPLE_STEP = 4
"""Distance in pixels between those compared to find what has changed."""


class Preview(QtWidgets.QWidget):
    """Mixes the pictures of a preview by itself, so that changing the strength needs no daemon."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_preview")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(texts.PREVIEW)
        self.setMinimumSize(420, 320)
        self.split = 0.5
        self._pictures: dict[str, QtGui.QImage] = {}
        self._mixed: QtGui.QImage | None = None
        self._strength = 1.0
        self._only: str | None = None

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802  (Qt's name)
        """Return the preferred size; Qt calls this."""
        return QtCore.QSize(560, 460)

    def set_pictures(self, frames: dict[str, Frame]) -> None:
        """Show the pictures of a preview, RGB uint8 frames by name; the first ones with the line across the object."""
        if not self._pictures:
            self.split = middle_of_change(frames["before"], frames["both"])
        self._pictures = {name: _image(frame) for name, frame in frames.items()}
        self._mix()

    def set_mix(self, strength: float, only: str | None) -> None:
        """Show the result at a strength from 0 to 1, with both, only colour or only luminance changed."""
        self._strength, self._only = strength, only
        self._mix()

    def after(self) -> QtGui.QImage | None:
        """Return the result as it is shown."""
        return self._mixed

    def _mix(self) -> None:
        if self._pictures:
            self._mixed = self._pictures["before"].copy()
            painter = QtGui.QPainter(self._mixed)
            painter.setOpacity(self._strength)
            painter.drawImage(0, 0, self._pictures[self._only or "both"])
            painter.end()
        self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw the preview; Qt calls this."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), self.palette().window().color().darker(115))
        if self._mixed is None:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, texts.PREVIEW_WAITING)
            return
        area = self._area()
        line = area.left() + round(area.width() * self.split)
        painter.drawImage(area, self._mixed)
        painter.setClipRect(area.left(), area.top(), line - area.left(), area.height())
        painter.drawImage(area, self._pictures["before"])
        painter.setClipping(False)
        self._draw_line(painter, area, line)

    def _draw_line(self, painter: QtGui.QPainter, area: Any, line: int) -> None:
        highlight = self.palette().highlight().color()
        if 0.0 < self.split < 1.0:
            painter.setPen(QtGui.QPen(highlight if self.hasFocus() else Qt.GlobalColor.white, 2))
            painter.drawLine(line, area.top(), line, area.bottom())
        inner = area.adjusted(LABEL_MARGIN, LABEL_MARGIN, -LABEL_MARGIN, -LABEL_MARGIN)
        top = Qt.AlignmentFlag.AlignTop
        if self.split > 0.0:
            self._draw_label(painter, inner, top | Qt.AlignmentFlag.AlignLeft, texts.PREVIEW_BEFORE)
        if self.split < 1.0:
            self._draw_label(painter, inner, top | Qt.AlignmentFlag.AlignRight, texts.PREVIEW_AFTER)

    def _draw_label(self, painter: QtGui.QPainter, area: Any, place: Any, words: str) -> None:
        box = painter.boundingRect(area, place, words)
        background = self.palette().window().color()
        background.setAlphaF(0.75)
        painter.fillRect(box.adjusted(-5, -2, 5, 2), background)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(area, place, words)

    def _area(self) -> Any:
        size = self._pictures["before"].size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = self.rect()
        area.setSize(size)
        area.moveCenter(self.rect().center())
        return area

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Move the line to the pointer; Qt calls this."""
        self._drag_to(event.pos().x())

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Move the line to the pointer; Qt calls this."""
        self._drag_to(event.pos().x())

    def _drag_to(self, x: int) -> None:
        if self._mixed is not None:
            area = self._area()
            self._set_split((x - area.left()) / max(area.width(), 1))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Move the line with the arrow keys, show only before or after with Space; Qt calls this."""
        if event.key() == Qt.Key.Key_Left:
            self._set_split(self.split - KEY_STEP)
        elif event.key() == Qt.Key.Key_Right:
            self._set_split(self.split + KEY_STEP)
        elif event.key() == Qt.Key.Key_Space:
            self._set_split(0.0 if self.split > 0.0 else 1.0)
        else:
            super().keyPressEvent(event)

    def _set_split(self, split: float) -> None:
        self.split = min(max(split, 0.0), 1.0)
        self.update()


def middle_of_change(before: Frame, after: Frame) -> float:
    """Return the horizontal middle of what differs between two RGB frames, 0 (left) to 1; 0.5 if nothing differs."""
    width, height = before.width, before.height
    row_bytes, step = 3 * width, 3 * SAMPLE_STEP
    one, other = bytes(before.data), bytes(after.data)
    changed: set[int] = set()
    for top in range(0, height * row_bytes, SAMPLE_STEP * row_bytes):
        pairs = zip(one[top : top + row_bytes : step], other[top : top + row_bytes : step])  # noqa: B905  (Python 3.8)
        changed.update(column for column, (first, second) in enumerate(pairs) if first != second)
    if not changed:
        return 0.5
    return (min(changed) + max(changed)) / 2 * SAMPLE_STEP / width


def _image(frame: Frame) -> QtGui.QImage:
    """Return a copy of the client's frame as Qt's image."""
    width, height = frame.width, frame.height
    image = QtGui.QImage(bytes(frame.data), width, height, 3 * width, QtGui.QImage.Format.Format_RGB888)
    return image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
