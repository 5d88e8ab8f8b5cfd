"""Segment photos by colour, to get further objects to recolour: sky, lawn, walls, clothes.

``python -m raiha.training.data.photo_regions DATA .cache/regions.jsonl`` reads DATA/manifest.jsonl (a JSON object a
line: file, masks, split) and writes, for each photo of the train split, its ``file`` and ``regions``, polygons around
some of its segments. Marked objects alone are so few that a network overfits to them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.measure import approximate_polygon, find_contours, regionprops
from skimage.segmentation import felzenszwalb

from raiha.training.data.json_lines import read_json_lines
from raiha.training.data.photo_pack import reduced

_SIDE = 384  # pixels of the photo's longer side in which regions are looked for, at most
_SCALES = 300.0, 1000.0  # of the segmentation: from parts of things to whole walls
_LEAST_PIXELS = 400
_SHARES = 0.01, 0.4  # of the photo that a region may take
_LEAST_EXTENT, _LEAST_SOLIDITY = (
    0.35,
    0.6,
)  # of its bounding box and convex hull; sparser segments are rarely things
_MOST_OVERLAP = 0.5  # intersection over union with another mask of the photo
_MOST_REGIONS = 4  # of a photo
_TOLERANCE = 1.0  # pixels by which a polygon may be off, about as many as annotators' are


def _candidates(photo: NDArray[np.uint8]) -> Iterator[NDArray[np.bool_]]:
    """Yield the masks (H, W) of segments that could be things."""
    for scale in _SCALES:
        segments = felzenszwalb(photo, scale=scale, sigma=1.0, min_size=_LEAST_PIXELS)
        for region in regionprops(segments + 1):
            compact = region.extent > _LEAST_EXTENT and region.solidity > _LEAST_SOLIDITY
            if compact and _SHARES[0] < region.area / segments.size < _SHARES[1]:
                mask = np.zeros(segments.shape, bool)
                mask[region.slice] = region.image_filled
                yield mask


def _overlap(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool((mask & other).sum() > _MOST_OVERLAP * (mask | other).sum())


def _polygon(mask: NDArray[np.bool_]) -> list[int]:
    """Return the corners of a mask's longest outline, x and y in pixels in turn."""
    outline = max(find_contours(np.pad(mask, 1).astype(float), 0.5), key=len) - 1
    corners: NDArray[np.float64] = approximate_polygon(outline, _TOLERANCE)[:-1]
    return [round(edge) for corner in corners for edge in corner[::-1]]


def find_regions(
    photo: NDArray[np.uint8], taken: list[NDArray[np.bool_]], numbers: np.random.Generator
) -> list[list[int]]:
    """Return polygons, x and y in pixels in turn, around some regions of a photo.

    Args:
        photo: (H, W, 3) uint8 encoded sRGB.
        taken: masks (H, W) of the objects that are marked already.
        numbers: chooses among the regions.
    """
    candidates, taken, polygons = list(_candidates(photo)), list(taken), []
    for number in numbers.permutation(len(candidates)):
        mask = candidates[number]
        if not any(_overlap(mask, other) for other in taken):
            taken.append(mask)
            polygons.append(_polygon(mask))
        if len(polygons) == _MOST_REGIONS:
            break
    return polygons


def _of_entry(data: Path, numbered: tuple[int, dict[str, Any]]) -> str:
    """Return a line of the output, with corners in pixels of the photo's own size."""
    number, entry = numbered
    with Image.open(data / entry["file"]) as image:
        width = image.width
        photo = np.asarray(reduced(image.convert("RGB"), _SIDE))
    masks = []
    for file in entry["masks"]:
        with Image.open(data / file) as image:
            masks.append(np.asarray(image.convert("L").resize(photo.shape[1::-1])) > 127)
    scale = width / photo.shape[1]
    found = find_regions(photo, masks, np.random.default_rng(number))
    polygons = [[round(scale * edge) for edge in polygon] for polygon in found]
    return json.dumps({"file": entry["file"], "regions": polygons}) + "\n"


def main() -> None:
    """Segment photos from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    entries = enumerate(read_json_lines(arguments.data / "manifest.jsonl"))
    numbered = [(number, entry) for number, entry in entries if entry["split"] == "train"]
    with ProcessPoolExecutor(arguments.processes) as processes, arguments.out.open("w") as out:
        out.writelines(processes.map(partial(_of_entry, arguments.data), numbered, chunksize=16))


if __name__ == "__main__":
    main()
