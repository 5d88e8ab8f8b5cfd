"""Decode real pairs once and pack them into arrays.

``python -m raiha.training.data.pair_pack IHARMONY4 OUT --side 256`` packs the train split of iHarmony4. OUT is then a
pack of ``raiha.training.data.photo_pack`` (the real photos and their masks), with composites.npy and
composite_masks.npy beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.evaluation import Pair
from raiha.training.data.iharmony4 import SUBSETS, read_split
from raiha.training.data.photo_pack import PhotoPack, build


@dataclass(frozen=True)
class PairPack:
    """Pairs; several composites share a mask, and several masks a photo.

    Attributes:
        photos: the real photos and the masks.
        composites: (C, 3, side, side) uint8 encoded sRGB, each in the top left corner as its photo, memory-mapped.
        composite_masks: (C,) int64 mask of each composite.
    """

    photos: PhotoPack
    composites: NDArray[np.uint8]
    composite_masks: NDArray[np.int64]

    @classmethod
    def load(cls, folder: Path, *, in_memory: bool = False) -> PairPack:
        """Open a pack without reading its pixels, or read them all, which makes every later draw faster."""
        mode: Literal["r"] | None = None if in_memory else "r"
        return cls(
            photos=PhotoPack.load(folder, in_memory=in_memory),
            composites=np.load(folder / "composites.npy", mmap_mode=mode),
            composite_masks=np.load(folder / "composite_masks.npy"),
        )


def build_pairs(pairs: Sequence[Pair], folder: Path, side: int, val_share: float = 0.02) -> None:
    """Pack pairs.

    Args:
        pairs: of a train split.
        folder: where the arrays are written; the composites of 65,742 pairs at 256 px alone take 13 GB.
        side: of the squares in pixels; larger pictures are reduced to fit, keeping their shape.
        val_share: share of the scenes, chosen by their names, that become the val split.
    """
    masks: dict[Path, dict[Path, None]] = {}  # masks of each photo, in order and once
    for pair in pairs:
        masks.setdefault(pair.real, {})[pair.mask] = None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.jsonl").open("w") as manifest:
        for real, its_masks in masks.items():
            entry = {
                "file": str(real.resolve()),
                "masks": [str(mask.resolve()) for mask in its_masks],
                "split": "val" if _in_val(real, val_share) else "train",
            }
            manifest.write(json.dumps(entry) + "\n")
    build(folder, folder, side)
    numbers = {mask: number for number, mask in enumerate(mask for its_masks in masks.values() for mask in its_masks)}
    composite_masks = np.array([numbers[pair.mask] for pair in pairs])
    pack = PhotoPack.load(folder)
    composites = np.lib.format.open_memmap(
        folder / "composites.npy", mode="w+", dtype=np.uint8, shape=(len(pairs), 3, side, side)
    )
    for number, pair in enumerate(pairs):
        height, width = (int(edge) for edge in pack.sizes[pack.owners[composite_masks[number]]])
        with Image.open(pair.composite) as image:
            pixels = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BOX))
        composites[number, :, :height, :width] = pixels.transpose(2, 0, 1)
    composites.flush()
    np.save(folder / "composite_masks.npy", composite_masks)


def _in_val(real: Path, share: float) -> bool:
    """Return whether a photo's scene belongs to the val split.

    Hday2night has many photos of a scene, named SCENE-DATE-TIME.
    """
    scene = real.stem.split("-")[0]
    digest = hashlib.blake2b(scene.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < share * 2**32


def main() -> None:
    """Pack the train split from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("iharmony4", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--subsets", nargs="+", choices=SUBSETS, default=SUBSETS)
    parser.add_argument("--val-share", type=float, default=0.02)
    arguments = parser.parse_args()
    pairs = read_split(arguments.iharmony4, "train", arguments.subsets)
    build_pairs(pairs, arguments.out, arguments.side, arguments.val_share)
    print(f"{len(pairs)} pairs packed at {arguments.side} px")


if __name__ == "__main__":
    main()
