"""Measures how often the first reference shows the same kind of thing as the object, by content threshold and share.

``python -m raiha.training.evaluation.reference_calibration DATA JUDGEMENTS.csv --gallery NAME`` searches the gallery
for objects of DATA's val split and prints, for each setting, how many objects find a reference and how many of those
first references were judged to be of the same kind. The first 60 objects are for choosing, the others for confirming.
A judgement is a line of the file: the mask's file name, the reference's, yes or no. Pairs that nobody has judged are
counted apart; ``--sheets FOLDER`` draws them, fifteen a page, and lists them in unjudged.csv, to be judged by eye.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from raiha.gallery_tools.appearance import hsv_histograms
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.photos import load_photo
from raiha.gallery_tools.reference import Reference
from raiha.gallery_tools.search import search, share_of_foreground
from raiha.gallery_tools.store import Gallery

LEAST_AREA, MOST_AREA = 0.01, 0.6  # of the photo that an object covers
_READ_SIDE = 448
_CELL, _COLUMNS, _ROWS = 200, 5, 3

Judgements = Mapping[tuple[str, str], bool]
"""By the file names of mask and reference: whether they show the same kind of thing."""


@dataclass(frozen=True)
class ValObject:
    """An object of the val split: the files of its photo and of its mask."""

    photo: Path
    mask: Path


@dataclass(frozen=True)
class Query:
    """What search takes of an object: content and appearance of its photo, and the object's share of each patch."""

    content: NDArray[np.float32]
    appearance: NDArray[np.float32]
    mask_grid: NDArray[np.float32]


@dataclass(frozen=True)
class Tally:
    """What the first references of a number of objects show.

    Attributes:
        objects: searched for.
        shown: of them, those that find a reference.
        judged: of those, the pairs with a judgement.
        same_kind: of those, the pairs that show the same kind of thing.
    """

    objects: int
    shown: int
    judged: int
    same_kind: int

    @classmethod
    def of(cls, pairs: Sequence[tuple[ValObject, Reference | None]], judgements: Judgements) -> Tally:
        """Count the objects and their first references."""
        shown = [_names(one, reference) for one, reference in pairs if reference is not None]
        judged = [judgements[names] for names in shown if names in judgements]
        return cls(len(pairs), len(shown), len(judged), sum(judged))

    def __str__(self) -> str:
        """Return the counts, and the share of the same kind among the judged pairs."""
        precision = f" ({self.same_kind / self.judged:.0%})" if self.judged else ""
        unjudged = f", {self.shown - self.judged} not judged" if self.judged < self.shown else ""
        return f"{self.shown} of {self.objects} find one, {self.same_kind} of the same kind{precision}{unjudged}"


def val_objects(data: Path) -> Iterator[ValObject]:
    """Yield an object of each scene of the val split, neither speck nor most of its photo; the same order each time."""
    lines = (data / "manifest.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["split"] == "val" and row.get("masks")]
    draw = random.Random(0)
    draw.shuffle(rows)
    scenes = set()
    for row in rows:
        if row["group"] in scenes:
            continue
        mask = data / draw.choice(row["masks"])
        if LEAST_AREA <= (_read_mask(mask) > 127).mean() <= MOST_AREA:
            scenes.add(row["group"])
            yield ValObject(data / row["file"], mask)


def query_of(one: ValObject, extractor: Extractor) -> Query:
    """Return an object's content and appearance (formulas 2 and 4)."""
    pixels = extractor.resize(load_photo(one.photo, _READ_SIDE))
    content = extractor.content_features([pixels])[0]
    grid = content.shape[0], content.shape[1]
    return Query(content, hsv_histograms(pixels, grid), share_of_foreground(_read_mask(one.mask), grid))


def first_references(
    gallery: Gallery, info: ExtractorInfo, query: Query, shares: Sequence[float]
) -> list[Reference | None]:
    """Return the first reference under each of the least shares, which must ascend.

    What is found under a share stays the first under any higher share that it reaches itself, and needs no new search.
    """
    found: list[Reference | None] = []
    for share in shares:
        last = found[-1] if found else None
        if found and (last is None or last.content >= share):
            found.append(last)
            continue
        settings = replace(info, content_share=share)
        references = search(gallery, settings, query.content, query.appearance, query.mask_grid, k=1)
        found.append(references[0] if references else None)
    return found


def read_judgements(file: Path) -> Judgements:
    """Read judgements: lines of mask, reference, yes or no; a missing file holds none."""
    if not file.exists():
        return {}
    with file.open(newline="") as lines:
        return {(row["mask"], row["reference"]): row["same_kind"] == "yes" for row in csv.DictReader(lines)}


def draw_sheets(pairs: Sequence[tuple[ValObject, Path]], folder: Path) -> None:
    """Draw each object beside its reference, fifteen a page, and list the pairs in unjudged.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "unjudged.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("mask", "reference", "same_kind"))
        writer.writerows((one.mask.name, reference.name, "") for one, reference in pairs)
    for start in range(0, len(pairs), _COLUMNS * _ROWS):
        sheet = Image.new("RGB", (2 * _CELL * _COLUMNS, _CELL * _ROWS))
        for place, (one, reference) in enumerate(pairs[start : start + _COLUMNS * _ROWS]):
            left, top = 2 * _CELL * (place % _COLUMNS), _CELL * (place // _COLUMNS)
            for picture, x in ((_object_picture(one), left), (Image.fromarray(load_photo(reference)), left + _CELL)):
                picture.thumbnail((_CELL - 4, _CELL - 4))
                sheet.paste(picture, (x, top))
            ImageDraw.Draw(sheet).text((left + 4, top + 4), str(start + place), "yellow", stroke_width=2, stroke_fill=0)
        sheet.save(folder / f"page{start // (_COLUMNS * _ROWS):02d}.png")


def _names(one: ValObject, reference: Reference) -> tuple[str, str]:
    return one.mask.name, reference.path.name


def _read_mask(file: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(file).convert("L"))


def _object_picture(one: ValObject) -> Image.Image:
    """Return the object with a quarter of its size around it, everything else darkened."""
    photo, mask = Image.fromarray(load_photo(one.photo)), Image.open(one.mask).convert("L")
    mask = mask.resize(photo.size)
    left, top, right, bottom = mask.point(lambda value: 255 * (value > 127)).getbbox() or (0, 0, *photo.size)
    across, down = (right - left) // 4, (bottom - top) // 4
    photo.paste(Image.blend(photo, Image.new("RGB", photo.size), 0.6), mask=mask.point(lambda value: 255 - value))
    return photo.crop(
        (max(0, left - across), max(0, top - down), min(photo.width, right + across), min(photo.height, bottom + down))
    )


def main() -> None:
    """Print the table; arguments as above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("judgements", type=Path)
    parser.add_argument("--gallery", default="default")
    parser.add_argument("--objects", type=int, default=90)
    parser.add_argument("--choose-by", type=int, default=60)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.7])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.25, 0.3, 0.4])
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    judgements = read_judgements(arguments.judgements)
    shown: dict[tuple[str, str], tuple[ValObject, Path]] = {}
    with Gallery(arguments.gallery) as gallery:
        extractor = load_extractor(gallery.extractor)
        gallery.require_weights(extractor.fingerprint)
        objects = list(islice(val_objects(arguments.data), arguments.objects))
        queries = [query_of(one, extractor) for one in objects]
        print("threshold  least share  objects to choose by / objects to confirm with")
        for threshold in arguments.thresholds:
            info, shares = replace(extractor.info, content_threshold=threshold), sorted(arguments.shares)
            found = [first_references(gallery, info, query, shares) for query in queries]
            for share, firsts in zip(shares, zip(*found, strict=True), strict=True):
                pairs = list(zip(objects, firsts, strict=True))
                parts = pairs[: arguments.choose_by], pairs[arguments.choose_by :]
                tallies = [Tally.of(part, judgements) for part in parts]
                print(f"{threshold:9.2f}  {share:11.2f}  {tallies[0]} / {tallies[1]}", flush=True)
                shown |= {_names(one, first): (one, first.path) for one, first in pairs if first is not None}
    if arguments.sheets is not None:
        draw_sheets([pair for names, pair in shown.items() if names not in judgements], arguments.sheets)


if __name__ == "__main__":
    main()
