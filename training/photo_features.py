"""Content features of packed photos, computed once: what SGF is trained with, and what retrieval searches.

``python -m training.photo_features PACK OUT.npy`` writes (N, 28, 28, 64) float16: each photo's square at 448 px.
``--recoloured SEED --films FILMS`` recolours each photo at random first. Features of the untouched photo tell a network
how the object looked before it was recoloured, which no user's composite tells; those of a photo that was recoloured
in another way tell it nothing.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gallery_tools.extractors.extractor import load_extractor
from training.photo_pack import PhotoPack
from training.recolour import Recipe, Source, limit_difficulty, recolour, standard_recipes
from training.windows import take

_CHUNK = 8


def recoloured(
    photos: Tensor, inside: Tensor, recipes: list[tuple[Recipe, float]], generator: torch.Generator
) -> Tensor:
    """Photos (B, 3, H, W) in [0, 1] with other colours, as strong as composites are recoloured.

    Args:
        photos: in the corners of their squares.
        inside: (B, 1, H, W), 1 where a square shows its photo.
        recipes: to draw from.
        generator: of the draw.
    """
    source = Source(photos.roll(1, 0)[..., ::3, ::3], inside.roll(1, 0)[..., ::3, ::3])
    changed = recolour(photos, inside, source, recipes, generator)
    return limit_difficulty(photos, changed, inside, generator).clamp(0, 1)


def _inside(sizes: NDArray[np.int64], side: int) -> Tensor:
    """(B, 1, side, side) share of each square that its photo occupies."""
    flags = torch.zeros(len(sizes), 1, side, side)
    for number, (height, width) in enumerate(sizes):
        flags[number, :, :height, :width] = 1
    return flags


def main() -> None:
    """Computes them from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--extractor", default="bundled")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--recoloured", type=int, metavar="SEED", help="recolour the photos first")
    parser.add_argument("--films", type=Path, help="film looks to recolour with")
    arguments = parser.parse_args()
    pack = PhotoPack.load(arguments.pack)
    extractor = load_extractor(arguments.extractor, arguments.weights)
    side, stride = extractor.info.input_side, extractor.info.stride
    rows = side // stride
    features = np.lib.format.open_memmap(
        arguments.out, mode="w+", dtype=np.float16, shape=(len(pack.names), rows, rows, extractor.info.dimension)
    )
    recipes = standard_recipes(arguments.films)
    order = np.arange(len(pack.names))
    generator = torch.Generator()
    if arguments.recoloured is not None:
        generator.manual_seed(arguments.recoloured)
        # Photos lend one another their colours: neighbours in the pack are alike.
        order = torch.randperm(len(order), generator=generator).numpy()
    for chunk in np.array_split(order, math.ceil(len(order) / _CHUNK)):
        photos = take(pack.photos, chunk).float() / 255
        if arguments.recoloured is not None:
            photos = recoloured(photos, _inside(pack.sizes[chunk], pack.side), recipes, generator)
        squares = (F.interpolate(photos, size=(side, side), mode="bilinear") * 255).round().to(torch.uint8)
        occupied = np.ceil(pack.sizes[chunk] / pack.side * rows).astype(int)
        for number, square, (high, wide) in zip(chunk, squares, occupied, strict=True):
            # Only the part of the square that the photo occupies; the rest stays zero.
            part = square[:, : high * stride, : wide * stride].permute(1, 2, 0).contiguous().numpy()
            maps = torch.from_numpy(extractor.content_features([part])[0]).permute(2, 0, 1)[None]
            if maps.shape[2:] != (high, wide):  # a small photo, which the extractor sees enlarged
                maps = F.normalize(F.interpolate(maps, size=(int(high), int(wide)), mode="bilinear"), dim=1)
            features[number, :high, :wide] = maps[0].permute(1, 2, 0).numpy()


if __name__ == "__main__":
    main()
