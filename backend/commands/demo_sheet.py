"""Pictures that show a harmonization: composite and result side by side, and below them the references."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from raiha.backend.pipeline.request import UsedReference

_PICTURE_WIDTH = 760
_MARGIN = 24
_THUMBNAIL = 160
_LINE = 24
_INK, _FAINT, _PAPER = (32, 32, 36), (110, 110, 118), (250, 250, 248)


def draw_before_after(composite: NDArray[np.uint8], result: NDArray[np.uint8]) -> Image.Image:
    """Return composite and result side by side with their titles, RGB.

    Args:
        composite: (h, w, 3) uint8.
        result: (h, w, 3) uint8.
    """
    height = round(_PICTURE_WIDTH * composite.shape[0] / composite.shape[1])
    drawn = Image.new("RGB", (2 * _PICTURE_WIDTH + 3 * _MARGIN, _MARGIN + _LINE + height + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(drawn)
    for column, (title, pixels) in enumerate((("Pasted", composite), ("Harmonized", result))):
        left = _MARGIN + column * (_PICTURE_WIDTH + _MARGIN)
        draw.text((left, _MARGIN - 4), title, _INK, ImageFont.load_default(18))
        picture = Image.fromarray(pixels).resize((_PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
        drawn.paste(picture, (left, _MARGIN + _LINE))
    return drawn


def draw_sheet(before_after: Image.Image, references: Sequence[UsedReference]) -> Image.Image:
    """Return the sheet, RGB.

    Args:
        before_after: drawn by ``draw_before_after``.
        references: as the daemon reports them.
    """
    row = _LINE + _THUMBNAIL + 3 * _LINE if references else 2 * _LINE
    below = before_after.height
    sheet = Image.new("RGB", (before_after.width, below + row + _MARGIN), _PAPER)
    sheet.paste(before_after)
    draw = ImageDraw.Draw(sheet)
    title = "References" if references else "No photo of the gallery qualifies as a reference."
    draw.text((_MARGIN, below), title, _INK, ImageFont.load_default(18))
    for column, reference in enumerate(references):
        left = _MARGIN + column * (sheet.width - 2 * _MARGIN) // max(4, len(references))
        _draw_reference(sheet, draw, reference, left, below + _LINE + 4)
    return sheet


def _draw_reference(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, reference: UsedReference, left: int, top: int
) -> None:
    thumbnail = Image.open(io.BytesIO(reference.thumbnail))
    sheet.paste(thumbnail, (left, top))
    lines = [(reference.path.stem, _INK)]
    if reference.score is None or reference.content is None or reference.appearance is None:
        lines.append(("chosen by you", _FAINT))
    else:
        lines.append((f"score {reference.score:.2f}", _FAINT))
        lines.append((f"content {reference.content:.0%}, appearance {reference.appearance:.2f}", _FAINT))
    for number, (text, colour) in enumerate(lines):
        place = (left, top + thumbnail.height + 4 + number * (_LINE - 4))
        draw.text(place, text, colour, ImageFont.load_default(14))
