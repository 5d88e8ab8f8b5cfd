"""The object in its surroundings, the original left and the result right of a line that can be dragged."""

from __future__ import annotations

from typing import Any

from .client import raiha_texts as texts
from .client.raiha_client import Result
from .client.raiha_plugin import Area
from .client.viewport import STEP, Viewport
from .pictures import Look, Picture, middle_of
from .qt import Qt, QtCore, QtGui, QtWidgets

KEY_STEP = 0.05
LABEL_MARGIN = 8
GRIP = 8
"""Pixels beside the line within which the mouse takes it, where it would otherwise move the picture."""
SHARP = 3.0
"""Scale from which single pixels are shown as squares."""
DETAIL_MS = 120
"""Between the last change of the view and the request for its own pixels."""
AT_ONCE = 700_000
"""Pixels that are adjusted with each move of a slider; a larger part follows when the slider rests."""
REST_MS = 80


class Preview(QtWidgets.QWidget):
    """Adjusts and mixes the pictures of a preview by itself, so that no slider needs the daemon.

    Signals:
        view_wanted: a part of the document, (x, y, width, height) in its pixels, and the longer side of the picture
            that is worth having of it: what is there has too few pixels.
        zoomed: the scale has changed.
    """

    view_wanted = QtCore.pyqtSignal(object, int)
    zoomed = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_preview")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(texts.PREVIEW)
        self.setMinimumSize(420, 320)
        self.setMouseTracking(True)
        self.split = 0.5
        self.viewport = Viewport()
        self._window: Area = (0, 0, 1, 1)
        self._shading: list[list[float]] = []
        self._whole: Picture | None = None
        self._detail: Picture | None = None
        self._look = Look({}, 1.0, None)
        self._dragged: Any = None
        self._has_line = False
        self._view_timer = _timer(self, DETAIL_MS, self._want_view)
        self._rest_timer = _timer(self, REST_MS, self._adjust_detail)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802  (Qt's name)
        """Return the preferred size; Qt calls this."""
        return QtCore.QSize(620, 540)

    def set_result(self, result: Result) -> None:
        """Show a preview; the first one with the line across the object."""
        if self._whole is None:
            mask = result.preview["mask"]
            self.split = middle_of(mask.data, mask.width)
        x, y, width, height = result.window
        self._window, self._shading = (x, y, width, height), result.adjustments.get("shading") or []
        self._whole, self._detail = Picture(result, self._window, self._shading, self._window), None
        self._resize()
        self._adjust_whole()
        self._view_changed()

    def set_view(self, result: Result, area: Area) -> None:
        """Show a part with the pixels that were requested by ``view_wanted``."""
        self._detail = Picture(result, area, self._shading, self._window)
        self._adjust_detail()

    def set_look(self, look: Look) -> None:
        """Show the result with other numbers."""
        self._look = look
        self._adjust_whole()
        if self._detail is not None and self._detail.cost > AT_ONCE:
            self._rest_timer.start()
        else:
            self._adjust_detail()

    def after(self) -> QtGui.QImage | None:
        """Return the result as it is shown, the whole of it."""
        return None if self._whole is None else self._whole.after

    def detail(self) -> QtGui.QImage | None:
        """Return the part that is seen, with its own pixels, if it is there."""
        return None if self._detail is None else self._detail.after

    def _adjust_whole(self) -> None:
        if self._whole is not None:
            self._whole.adjust(self._look)
        self.update()

    def _adjust_detail(self) -> None:
        if self._detail is not None:
            self._detail.adjust(self._look)
        self.update()

    # Zoom

    def zoom_by(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Zoom; ``at`` is a place in pixels of the device that stays where it is."""
        self.viewport.zoom_to(self.viewport.scale * factor, at)
        self._view_changed()

    def zoom_true(self) -> None:
        """Show a pixel of the document as a pixel of the screen."""
        self.viewport.zoom_to(1.0)
        self._view_changed()

    def zoom_fit(self) -> None:
        """Show the whole preview."""
        self.viewport.fit()
        self._view_changed()

    def _view_changed(self) -> None:
        self.update()
        self.zoomed.emit()
        if self._whole is not None:
            self._view_timer.start()

    def _want_view(self) -> None:
        """Request the seen part with its own pixels, unless what is there has as many as can be seen."""
        assert self._whole is not None
        x, y, width, height = self.viewport.visible()
        area = (x + self._window[0], y + self._window[1], width, height)
        wanted = min(1.0, self.viewport.scale)
        if self._whole.pixels_per_pixel >= 0.95 * wanted or self._detail_covers(area, wanted):
            return
        self.view_wanted.emit(area, max(16, min(round(max(width, height) * wanted), 4096)))

    def _detail_covers(self, area: Area, wanted: float) -> bool:
        if self._detail is None or self._detail.pixels_per_pixel < 0.95 * wanted:
            return False
        left, top, width, height = self._detail.area
        inside_x = left <= area[0] and area[0] + area[2] <= left + width
        return inside_x and top <= area[1] and area[1] + area[3] <= top + height

    def _resize(self) -> None:
        ratio = self.devicePixelRatioF()
        screen = (round(self.width() * ratio), round(self.height() * ratio))
        self.viewport.resize((self._window[2], self._window[3]), screen)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Show the same part in the new size; Qt calls this."""
        self._resize()
        self._view_changed()

    # Painting

    def paintEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw the preview; Qt calls this."""
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), self.palette().window().color().darker(115))
        if self._whole is None:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, texts.PREVIEW_WAITING)
            return
        smooth = QtGui.QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(smooth, self.viewport.is_fit or self.viewport.scale < SHARP)
        seen = self._seen()
        line = seen.left() + round(seen.width() * self.split)
        pictures = [self._whole, *([] if self._detail is None else [self._detail])]
        painter.setClipRect(line, seen.top(), seen.right() + 1 - line, seen.height())
        for picture in pictures:
            painter.drawImage(self._place(picture.area), picture.after)
        painter.setClipRect(seen.left(), seen.top(), line - seen.left(), seen.height())
        for picture in pictures:
            painter.drawImage(self._place(picture.area), picture.before)
        painter.setClipping(False)
        self._draw_line(painter, seen, line)

    def _place(self, area: Area) -> QtCore.QRectF:
        """Return where a part of the document lies in this widget, in Qt's pixels."""
        ratio = self.devicePixelRatioF()
        shown, scale = self.viewport.shown(), self.viewport.scale
        left = shown.x + (area[0] - self._window[0]) * scale
        top = shown.y + (area[1] - self._window[1]) * scale
        return QtCore.QRectF(left / ratio, top / ratio, area[2] * scale / ratio, area[3] * scale / ratio)

    def _seen(self) -> QtCore.QRect:
        """Return the part of this widget where the picture is."""
        return self._place(self._window).toAlignedRect().intersected(self.rect())

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

    # Mouse and keys

    def wheelEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Zoom at the pointer; Qt calls this."""
        ratio, place = self.devicePixelRatioF(), event.position()
        self.zoom_by(STEP ** (event.angleDelta().y() / 120), (place.x() * ratio, place.y() * ratio))
        event.accept()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Take the line or, when zoomed in, the picture; Qt calls this."""
        self._has_line = self.viewport.is_fit or self._is_near_line(event.pos().x())
        self._dragged = event.pos()
        if self._has_line:
            self._drag_to(event.pos().x())

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Move what was taken; Qt calls this."""
        if not event.buttons():
            near, shape = self._is_near_line(event.pos().x()), Qt.CursorShape
            self.setCursor(
                shape.SplitHCursor if near else shape.ArrowCursor if self.viewport.is_fit else shape.OpenHandCursor
            )
        elif self._has_line:
            self._drag_to(event.pos().x())
        elif self._dragged is not None:
            moved, ratio = event.pos() - self._dragged, self.devicePixelRatioF()
            self._dragged = event.pos()
            self.viewport.move(moved.x() * ratio, moved.y() * ratio)
            self._view_changed()

    def _is_near_line(self, x: int) -> bool:
        seen = self._seen()
        near: bool = abs(x - seen.left() - seen.width() * self.split) <= GRIP
        return near

    def _drag_to(self, x: int) -> None:
        if self._whole is not None:
            seen = self._seen()
            self._set_split((x - seen.left()) / max(seen.width(), 1))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Move the line with the arrow keys, show only before or after with Space, zoom with + and -; Qt calls this."""
        if event.key() == Qt.Key.Key_Left:
            self._set_split(self.split - KEY_STEP)
        elif event.key() == Qt.Key.Key_Right:
            self._set_split(self.split + KEY_STEP)
        elif event.key() == Qt.Key.Key_Space:
            self._set_split(0.0 if self.split > 0.0 else 1.0)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_by(1 / STEP)
        else:
            super().keyPressEvent(event)

    def _set_split(self, split: float) -> None:
        self.split = min(max(split, 0.0), 1.0)
        self.update()


def _timer(parent: QtCore.QObject, milliseconds: int, slot: Any) -> QtCore.QTimer:
    timer = QtCore.QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
