"""Writes composites of the val split in iHarmony4's layout, so that ``raiha evaluate`` can measure what users get.

``python -m raiha.training.evaluation.val_pairs PACK OUT --config training/configs/regions.toml`` recolours objects
of the val split as
training does, at the photos' own size, and writes OUT/composite_images, OUT/masks and OUT/real_images. Whatever is to
be chosen, a checkpoint or the size of the window, is chosen by these pairs, never by test pairs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from raiha.training.config import load_config
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.samples.composites import Composer
from raiha.training.samples.objects import Scene, bounding_boxes, usable_objects
from raiha.training.samples.recolour import standard_recipes

_LENT = 8  # photos that lend their colours, the object's own among them
_QUALITY = 95  # of JPEG, as iHarmony4's files


def _own_size(pack: PhotoPack, number: int) -> tuple[Tensor, Tensor]:
    """Photo (1, 3, h, w) and mask (1, 1, h, w) of an object in [0, 1]."""
    owner = pack.owners[number]
    height, width = pack.sizes[owner]
    photo = torch.from_numpy(pack.photos[owner][:, :height, :width].copy())[None].float() / 255
    mask = torch.from_numpy(pack.masks[number][:height, :width].copy())[None, None]
    return photo, (mask > 127).float()


def _write(picture: Tensor, file: Path) -> None:
    pixels = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).squeeze(2).numpy()
    Image.fromarray(pixels).save(file, quality=_QUALITY)  # which halves chroma; PNG knows no quality, and ignores it


def write_pairs(pack: PhotoPack, composer: Composer, folder: Path, count: int) -> None:
    """Writes ``count`` pairs of objects drawn from the val split; the same ones each time."""
    for name in ("composite_images", "masks", "real_images"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    objects = usable_objects(pack, bounding_boxes(pack), validation=True)
    order = objects[torch.randperm(len(objects), generator=generator).numpy()]
    for place in range(min(count, len(order))):
        photo, mask = _own_size(pack, order[place])
        others = [_own_size(pack, order[(place + step) % len(order)]) for step in range(1, _LENT)]
        size = photo.shape[-2:]
        photos = torch.cat([photo, *(F.interpolate(one, size=size, mode="bilinear") for one, _ in others)])
        masks = torch.cat([mask, *(F.interpolate(one, size=size) for _, one in others)])
        scene, composites = composer.compose(Scene(photos, masks), generator)
        name = f"{Path(pack.names[pack.owners[order[place]]]).stem.replace('_', '-')}-{order[place]}"
        _write(scene.targets[0], folder / "real_images" / f"{name}.jpg")
        _write(composites[0], folder / "composite_images" / f"{name}_1_1.jpg")
        _write((scene.masks[0] > 0.5).float(), folder / "masks" / f"{name}_1.png")


def main() -> None:
    """Writes them from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    config = replace(load_config(arguments.config), jpeg_share=0.0)  # the files see to that
    composer = Composer.of(config, standard_recipes(arguments.films))
    write_pairs(PhotoPack.load(arguments.pack), composer, arguments.out, arguments.count)


if __name__ == "__main__":
    main()
