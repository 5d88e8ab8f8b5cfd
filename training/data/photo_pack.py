"""Decode photos and object masks once and pack them into arrays, so that a training step only slices.

``python -m raiha.training.data.photo_pack DATA OUT --side 192`` reads DATA/manifest.jsonl (a JSON object a line: file,
masks, split) and writes OUT/{photos,masks,sizes,owners,regions,groups,validation}.npy and OUT/names.json.
``--regions FILE`` adds the regions that raiha.training.data.photo_regions found; ``--fitted-share 0.6`` snaps that
share of the masks to their photos' edges (raiha.training.data.fitted_masks).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from raiha.training.data.fitted_masks import fitted_mask
from raiha.training.data.json_lines import read_json_lines

_FITTED_SIDE = 384  # pixels of the photo's longer side in which edges are looked for, at most


@dataclass(frozen=True)
class PhotoPack:
    """Photos, each in the top left corner of a black square; all squares are equal.

    Attributes:
        photos: (N, 3, side, side) uint8 encoded sRGB, memory-mapped.
        masks: (M, side, side) uint8, 255 = object, memory-mapped.
        sizes: (N, 2) int64 height and width of each photo in its square.
        owners: (M,) int64 photo of each mask.
        regions: (M,) bool, True where the mask is a segmented region instead of an object that a person marked.
        groups: (N,) int64, equal for photos of one series, which show the same things.
        validation: (N,) bool, True where the photo belongs to the val split.
        names: file of each photo.
    """

    photos: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    owners: NDArray[np.int64]
    regions: NDArray[np.bool_]
    groups: NDArray[np.int64]
    validation: NDArray[np.bool_]
    names: list[str]

    @classmethod
    def load(cls, folder: Path, *, in_memory: bool = False) -> PhotoPack:
        """Open a pack without reading its pixels, or read them all, which makes every later draw faster."""
        mode: Literal["r"] | None = None if in_memory else "r"
        return cls(
            photos=np.load(folder / "photos.npy", mmap_mode=mode),
            masks=np.load(folder / "masks.npy", mmap_mode=mode),
            sizes=np.load(folder / "sizes.npy"),
            owners=np.load(folder / "owners.npy"),
            regions=np.load(folder / "regions.npy"),
            groups=np.load(folder / "groups.npy"),
            validation=np.load(folder / "validation.npy"),
            names=json.loads((folder / "names.json").read_text()),
        )

    @property
    def side(self) -> int:
        """Side of the squares in pixels."""
        return int(self.photos.shape[2])


def reduced(image: Image.Image, side: int) -> Image.Image:
    """Return an image whose longer side is at most ``side`` pixels."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(edge * scale)) for edge in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _drawn(polygon: list[int], size: tuple[int, int]) -> Image.Image:
    """Return the mask, at a photo's (width, height), of the area that a polygon encloses."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(polygon, fill=255)
    return mask


def _masks(data: Path, files: list[str], polygons: list[list[int]], size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield the masks of a photo's objects, then of its regions, as grey images."""
    for file in files:
        with Image.open(data / file) as image:
            yield image.convert("L")
    for polygon in polygons:
        yield _drawn(polygon, size)


def _fitted(photo: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the grey mask snapped to its photo's edges, in the same way whatever the pack's side."""
    small = reduced(photo, _FITTED_SIDE)
    drawn = np.asarray(reduced(mask, _FITTED_SIDE).resize(small.size)) > 127
    return Image.fromarray(fitted_mask(np.asarray(small), drawn).astype(np.uint8) * 255)


def build(data: Path, folder: Path, side: int, regions: Path | None = None, fitted_share: float = 0.0) -> None:
    """Pack the photos that DATA/manifest.jsonl names.

    Args:
        data: folder of the manifest and the photos.
        folder: where the pack is written.
        side: of the pack's squares in pixels.
        regions: file of further objects, written by raiha.training.data.photo_regions.
        fitted_share: share of the masks that are snapped to their photo's edges.
    """
    entries = read_json_lines(data / "manifest.jsonl")
    polygons = {entry["file"]: entry["regions"] for entry in read_json_lines(regions)} if regions else {}
    folder.mkdir(parents=True, exist_ok=True)
    found = [polygons.get(entry["file"], []) for entry in entries]
    mask_total = sum(len(entry["masks"]) + len(some) for entry, some in zip(entries, found, strict=True))
    photos = np.lib.format.open_memmap(
        folder / "photos.npy", mode="w+", dtype=np.uint8, shape=(len(entries), 3, side, side)
    )
    masks = np.lib.format.open_memmap(folder / "masks.npy", mode="w+", dtype=np.uint8, shape=(mask_total, side, side))
    sizes, owners = np.zeros((len(entries), 2), np.int64), np.zeros(mask_total, np.int64)
    is_region = np.zeros(mask_total, bool)
    fits = np.random.default_rng(0).random(mask_total) < fitted_share
    mask_number = 0
    for number, entry in enumerate(entries):
        with Image.open(data / entry["file"]) as image:
            photo = image.convert("RGB")
        pixels = np.asarray(reduced(photo, side))
        height, width = sizes[number] = pixels.shape[:2]
        photos[number, :, :height, :width] = pixels.transpose(2, 0, 1)
        for place, mask in enumerate(_masks(data, entry["masks"], found[number], photo.size)):
            mask = _fitted(photo, mask) if fits[mask_number] else mask
            masks[mask_number, :height, :width] = np.asarray(reduced(mask, side).resize((width, height)))
            owners[mask_number] = number
            is_region[mask_number] = place >= len(entry["masks"])
            mask_number += 1
    np.save(folder / "sizes.npy", sizes)
    np.save(folder / "owners.npy", owners)
    np.save(folder / "regions.npy", is_region)
    series = [entry.get("group", entry["file"]) for entry in entries]
    np.save(folder / "groups.npy", np.unique(series, return_inverse=True)[1])
    np.save(folder / "validation.npy", np.array([entry["split"] == "val" for entry in entries]))
    (folder / "names.json").write_text(json.dumps([entry["file"] for entry in entries]))


def main() -> None:
    """Pack photos from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--regions", type=Path, help="further objects, written by raiha.training.data.photo_regions")
    parser.add_argument("--fitted-share", type=float, default=0.0, help="of the masks to snap to edges")
    arguments = parser.parse_args()
    build(arguments.data, arguments.out, arguments.side, arguments.regions, arguments.fitted_share)


if __name__ == "__main__":
    main()
