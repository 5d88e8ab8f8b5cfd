"""Write composites of the val split in iHarmony4's layout, so that ``raiha evaluate`` can measure what users get.

``python -m raiha.training.evaluation.val_pairs PACK OUT --config training/configs/5_fitted.toml`` recolours objects of
the val split as training does, at the photos' own size, and writes OUT/composite_images, OUT/masks and
OUT/real_images. These pairs keep their rims; their rim-free twins are written by raiha.training.evaluation.val_twins.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.evaluation import PairPixels
from raiha.training.config import load_config
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.samples.composites import Composer
from raiha.training.samples.objects import Scene, bounding_boxes, usable_objects
from raiha.training.samples.recolour import standard_recipes

_LENT = 8  # photos that lend their colours, the object's own among them
_QUALITY = 95  # of JPEG, as iHarmony4's files


def val_objects(pack: PhotoPack) -> PhotoPack:
    """Return the pack without the masks of the train split and of regions, which are most of a large pack."""
    kept = np.flatnonzero(pack.validation[pack.owners] & ~pack.regions)
    return replace(pack, masks=pack.masks[kept], owners=pack.owners[kept], regions=pack.regions[kept])


def drawn_order(pack: PhotoPack, generator: torch.Generator) -> NDArray[np.int64]:
    """Return the numbers of the val split's marked objects in a random order."""
    objects = usable_objects(pack, bounding_boxes(pack), validation=True)
    shuffled: NDArray[np.int64] = objects[torch.randperm(len(objects), generator=generator).numpy()]
    return shuffled


def own_size(pack: PhotoPack, number: int) -> tuple[Tensor, Tensor]:
    """Return the photo (1, 3, h, w) and the mask (1, 1, h, w) of an object in [0, 1], at the photo's size."""
    owner = pack.owners[number]
    height, width = pack.sizes[owner]
    photo = torch.from_numpy(pack.photos[owner][:, :height, :width].copy())[None].float() / 255
    mask = torch.from_numpy(pack.masks[number][:height, :width].copy())[None, None]
    return photo, (mask > 127).float()


def object_name(pack: PhotoPack, number: int) -> str:
    """Return the photo's and the object's name, without the "_" that separates photo, mask and variant."""
    return f"{Path(pack.names[pack.owners[number]]).stem.replace('_', '-')}-{number}"


def recoloured_pair(
    pack: PhotoPack, order: NDArray[np.int64], place: int, composer: Composer, generator: torch.Generator
) -> PairPixels:
    """Compose the object at a place of ``order``; the objects after it, going round, lend their colours."""
    photo, mask = own_size(pack, order[place])
    others = [own_size(pack, order[(place + step) % len(order)]) for step in range(1, _LENT)]
    size = photo.shape[-2:]
    photos = torch.cat([photo, *(F.interpolate(other, size=size, mode="bilinear") for other, _ in others)])
    masks = torch.cat([mask, *(F.interpolate(other, size=size) for _, other in others)])
    scene, composites = composer.compose(Scene(photos, masks), generator)
    return PairPixels(to_pixels(composites[0]), to_pixels(scene.targets[0]), (scene.masks[0, 0] > 0.5).numpy())


def to_pixels(picture: Tensor) -> NDArray[np.uint8]:
    """Return a picture (3, H, W) in [0, 1] as (H, W, 3) uint8."""
    pixels: NDArray[np.uint8] = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels


def write_pairs(pack: PhotoPack, composer: Composer, folder: Path, count: int) -> None:
    """Write at most ``count`` pairs of objects drawn from the val split, the same ones each time."""
    for name in ("composite_images", "masks", "real_images"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    order = drawn_order(pack, generator)
    for place in range(min(count, len(order))):
        pair = recoloured_pair(pack, order, place, composer, generator)
        name = object_name(pack, order[place])
        # At this quality JPEG halves chroma, as it does in iHarmony4's files.
        Image.fromarray(pair.real).save(folder / "real_images" / f"{name}.jpg", quality=_QUALITY)
        Image.fromarray(pair.composite).save(folder / "composite_images" / f"{name}_1_1.jpg", quality=_QUALITY)
        Image.fromarray(pair.mask).convert("L").save(folder / "masks" / f"{name}_1.png")


def main() -> None:
    """Write val pairs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    settings = replace(load_config(arguments.config).composites, jpeg=0.0)  # the files written here are JPEG already
    composer = Composer(standard_recipes(arguments.films), settings)
    write_pairs(val_objects(PhotoPack.load(arguments.pack)), composer, arguments.out, arguments.count)


if __name__ == "__main__":
    main()
