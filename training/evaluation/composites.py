"""Harmonize real composites, which have no answer, and lay the results out so that they can be looked at.

``python -m raiha.training.evaluation.composites DIR --out SHEET.png`` reads DIR/manifest.jsonl (a JSON object a line:
file, masks), sends each picture through the pipeline that serves users, and writes SHEET_1.png, SHEET_2.png and so on,
a row before and after for each composite, and SHEET.json and SHEET.md with the measures of
raiha.training.evaluation.object_changes. Several masks of a picture are one object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from raiha.backend.evaluation import Harmonize
from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError
from raiha.training.data.json_lines import read_json_lines
from raiha.training.evaluation.object_changes import MEASURES, ObjectChanges, measure_changes
from raiha.training.evaluation.pipeline_method import through_pipeline

_WIDTH, _HEIGHT = 560, 400  # pixels of a picture on the sheet, at most
_MARGIN, _LINE = 12, 24
_ROWS = 4  # of a page
_INK, _PAPER = (32, 32, 36), (250, 250, 248)
_TITLES = {
    "black_lift": "black lift (L*)",
    "clipping_growth": "clipping growth",
    "chroma_ratio": "chroma ratio",
    "contrast_ratio": "contrast ratio",
    "colour_difference": "mean CIEDE2000",
}


@dataclass(frozen=True)
class Composite:
    """A picture with a pasted object.

    Attributes:
        name: of the file, without its suffix.
        pixels: (H, W, 3) uint8 encoded sRGB.
        mask: (H, W) uint8, the object's opacity.
    """

    name: str
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]


@dataclass(frozen=True)
class Harmonized:
    """A composite, its result (H, W, 3) uint8, and what changed in the object."""

    composite: Composite
    result: NDArray[np.uint8]
    changes: ObjectChanges


def read_composites(folder: Path) -> Iterator[Composite]:
    """Yield the composites of a manifest in its order.

    Raises:
        RaihaError: "no-composites" or "composite-sizes".
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        raise RaihaError(
            "no-composites",
            f"{folder} has no manifest.jsonl.",
            'Add one, with a line like {"file": "images/a.jpg", "masks": ["masks/a.png"]} for each composite.',
        )
    for entry in read_json_lines(manifest):
        pixels = _read(folder / entry["file"], "RGB")
        masks = [_read(folder / file, "L") for file in entry["masks"]]
        if any(mask.shape != pixels.shape[:2] for mask in masks):
            raise RaihaError(
                "composite-sizes",
                f"{entry['file']} and its masks differ in size.",
                "Resize them to one size, or remove the composite.",
            )
        yield Composite(Path(entry["file"]).stem, pixels, np.maximum.reduce(masks))


def _read(file: Path, mode: str) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert(mode))


def harmonize_composite(composite: Composite, harmonize: Harmonize, gallery: str | None = None) -> Harmonized:
    """Harmonize a composite and measure what changed where its mask is at least half opaque."""
    request = HarmonizeRequest(composite.pixels, composite.pixels, mask=composite.mask, gallery=gallery)
    result = harmonize(request).layer
    return Harmonized(composite, result, measure_changes(composite.pixels, result, composite.mask > 127))


def draw_pages(rows: Sequence[Harmonized]) -> list[Image.Image]:
    """Draw the sheet, RGB, before on the left and after on the right, a few composites to a page."""
    return [_draw_page(rows[start : start + _ROWS]) for start in range(0, len(rows), _ROWS)]


def _draw_page(rows: Sequence[Harmonized]) -> Image.Image:
    height = _LINE + _HEIGHT + _MARGIN
    page = Image.new("RGB", (2 * _WIDTH + 3 * _MARGIN, _MARGIN + len(rows) * height), _PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for number, row in enumerate(rows):
        top = _MARGIN + number * height
        pictures = (row.composite.name, row.composite.pixels), (_caption(row.changes), row.result)
        for column, (title, pixels) in enumerate(pictures):
            left = _MARGIN + column * (_WIDTH + _MARGIN)
            draw.text((left, top), title, _INK, font)
            picture = Image.fromarray(pixels)
            picture.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.BOX)
            page.paste(picture, (left, top + _LINE))
    return page


def _caption(changes: ObjectChanges) -> str:
    return (
        f"black {changes.black_lift:+.1f}, clipped {changes.clipping_growth:+.2%}, chroma x{changes.chroma_ratio:.2f}, "
        f"contrast x{changes.contrast_ratio:.2f}, dE {changes.colour_difference:.1f}"
    )


def write_table(rows: Sequence[Harmonized]) -> str:
    """Return a Markdown table, a row for each composite and the means below; a mean ratio is a geometric one."""
    lines = [["composite", *(_TITLES[name] for name in MEASURES)], ["---"] * (1 + len(MEASURES))]
    lines += [[row.composite.name, *_cells(row.changes)] for row in rows]
    lines.append(["mean", *_cells(mean_changes([row.changes for row in rows]))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cells(changes: ObjectChanges) -> list[str]:
    return [
        f"{changes.black_lift:+.1f}",
        f"{changes.clipping_growth:+.2%}",
        f"{changes.chroma_ratio:.2f}",
        f"{changes.contrast_ratio:.2f}",
        f"{changes.colour_difference:.1f}",
    ]


def mean_changes(changes: Sequence[ObjectChanges]) -> ObjectChanges:
    """Return the mean of each measure, of ratios the geometric mean."""
    means = {}
    for name in MEASURES:
        values = np.array([getattr(one, name) for one in changes])
        with np.errstate(divide="ignore"):  # an object that lost all contrast has a ratio of 0
            means[name] = float(np.exp(np.log(values).mean()) if name.endswith("_ratio") else values.mean())
    return ObjectChanges(**means)


def write_report(rows: Sequence[Harmonized], out: Path) -> list[Path]:
    """Write the pages and both tables, and return their files.

    Args:
        rows: at least one.
        out: a picture file; a page's number goes in front of its suffix.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    files = []
    for number, page in enumerate(draw_pages(rows), 1):
        files.append(out.with_name(f"{out.stem}_{number}{out.suffix}"))
        page.save(files[-1])
    report = {
        "composites": {row.composite.name: asdict(row.changes) for row in rows},
        "mean": asdict(mean_changes([row.changes for row in rows])),
    }
    texts = {".json": json.dumps(report, indent=1) + "\n", ".md": write_table(rows)}
    for suffix, text in texts.items():
        files.append(out.with_suffix(suffix))
        files[-1].write_text(text, encoding="utf-8")
    return files


def main() -> None:
    """Write sheet and tables from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--out", metavar="SHEET.png", type=Path, required=True)
    parser.add_argument("--gallery", help="search this gallery for references")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, help="a checkpoint other than the shipped one")
    parser.add_argument("--device", default="auto", help="auto, cpu, torch-cpu, cuda, ...")
    options = parser.parse_args()
    harmonize = through_pipeline(options.weights, options.device)
    rows = [harmonize_composite(one, harmonize, options.gallery) for one in read_composites(options.folder)]
    for file in write_report(rows, options.out):
        print(file)


if __name__ == "__main__":
    main()
