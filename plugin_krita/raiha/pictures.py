"""The pictures of the preview: the whole in few pixels, and the part that is seen in its own."""

from __future__ import annotations

from typing import Any, NamedTuple

from .client.adjusting import AdjustablePicture
from .client.raiha_client import Result
from .client.raiha_plugin import Area
from .qt import QtGui


class Look(NamedTuple):
    """How the object is changed.

    Attributes:
        numbers: the adjustment, as ``Adjustments.numbers`` has it.
        strength: 0 to 1.5.
        only: "colour", "luminance" or None.
    """

    numbers: dict[str, Any]
    strength: float
    only: str | None


class Picture:
    """A part of the document before and after.

    Attributes:
        area: the part, in the document's pixels.
        before: as it is.
        after: as it is shown.
        cost: pixels that are computed for each change.
    """

    def __init__(self, result: Result, area: Area, shading: list[list[float]], window: Area) -> None:
        before, mask = result.preview["before"], result.preview["mask"]
        self.area = area
        across, down = before.width / area[2], before.height / area[3]
        left, top = (window[0] - area[0]) * across, (window[1] - area[1]) * down
        place = (left, top, left + window[2] * across, top + window[3] * down)
        self._adjustable = AdjustablePicture(result.preview.get("finished", before), mask, shading, place)
        self.cost = before.width * before.height
        lines = bytes(before.data), before.width, before.height, 3 * before.width
        original = QtGui.QImage(*lines, QtGui.QImage.Format.Format_RGB888)
        self.before = original.convertToFormat(QtGui.QImage.Format.Format_RGB32)
        self.after = self.before

    @property
    def pixels_per_pixel(self) -> float:
        """Pixels of the picture for each of the document's."""
        width: int = self.before.width()
        return width / self.area[2]

    def adjust(self, look: Look) -> None:
        """Compute ``after``."""
        self.after = self._image(self._adjustable.adjusted(look.numbers, look.strength, look.only))

    def _image(self, pixels: bytearray) -> QtGui.QImage:
        width, height = self._adjustable.width, self._adjustable.height
        image = QtGui.QImage(bytes(pixels), width, height, 4 * width, QtGui.QImage.Format.Format_RGBX8888)
        return image.convertToFormat(QtGui.QImage.Format.Format_RGB32)


def middle_of(mask: Any, width: int) -> float:
    """Return the horizontal middle of what a mask covers, 0 (left) to 1; 0.5 if that is nothing.

    Args:
        mask: a byte a pixel, rows from the top.
        width: pixels of a row.
    """
    data = bytes(mask)
    columns = [column for column in range(width) if any(data[column::width])]
    return (columns[0] + columns[-1] + 1) / 2 / width if columns else 0.5
