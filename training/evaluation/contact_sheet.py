"""Draw the best, median and worst cases: composite, result and real picture side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from raiha.backend.evaluation import PairPixels
from raiha.training.evaluation.table_figures import COMPOSITE, OURS, PairRecord

_WIDTH, _HEIGHT = 400, 300  # of a picture
_MARGIN, _LINE = 16, 26
_INK, _PAPER = (32, 32, 36), (250, 250, 248)
_CONTEXT = 0.35  # of the object's longer side, shown on each side of it


@dataclass(frozen=True)
class Case:
    """A row of the sheet.

    Attributes:
        why: "best", "median" or "worst".
        record: figures of the pair.
        pictures: composite, result and real picture, cropped around the object and reduced to fit.
    """

    why: str
    record: PairRecord
    pictures: tuple[Image.Image, ...]

    @classmethod
    def of(cls, why: str, record: PairRecord, pixels: PairPixels, result: NDArray[np.uint8]) -> Case:
        """Return the case of a pair and its result (H, W, 3) uint8."""
        box = _surroundings(pixels.mask)
        pictures = []
        for whole in (pixels.composite, result, pixels.real):
            picture = Image.fromarray(np.ascontiguousarray(whole[box]))
            picture.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.BOX)
            pictures.append(picture)
        return cls(why, record, tuple(pictures))


def choose_cases(records: Sequence[PairRecord], each: int) -> list[tuple[str, int]]:
    """Choose ``each`` best, median and worst records by gain, none twice; return why and which."""
    order = sorted(range(len(records)), key=lambda number: -records[number].gain)
    middle = max(0, (len(order) - each) // 2)
    spans = {"best": order[:each], "median": order[middle : middle + each], "worst": order[-each:]}
    chosen: dict[int, str] = {}
    for why, numbers in spans.items():
        for number in numbers:
            chosen.setdefault(number, why)
    return [(why, number) for number, why in chosen.items()]


def draw_cases(cases: Sequence[Case]) -> Image.Image:
    """Draw the sheet, RGB, a row for each case."""
    row = _LINE + _HEIGHT + _MARGIN
    sheet = Image.new("RGB", (3 * _WIDTH + 4 * _MARGIN, _MARGIN + len(cases) * row), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for number, case in enumerate(cases):
        top = _MARGIN + number * row
        psnr = [case.record.measures[name]["psnr"] for name in (COMPOSITE, OURS)]
        titles = (
            f"{case.why}: {case.record.name}"[:44],
            f"result {case.record.gain:+.2f} dB, {psnr[0]:.2f} to {psnr[1]:.2f}",
            f"real, foreground {case.record.ratio:.1%}",
        )
        for column, (title, picture) in enumerate(zip(titles, case.pictures, strict=True)):
            left = _MARGIN + column * (_WIDTH + _MARGIN)
            draw.text((left, top), title, _INK, font)
            sheet.paste(picture, (left, top + _LINE))
    return sheet


def _surroundings(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    spans = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    more = round(_CONTEXT * max(places[-1] - places[0] + 1 for places in spans))
    rows, columns = (slice(max(0, int(places[0]) - more), int(places[-1]) + 1 + more) for places in spans)
    return rows, columns
