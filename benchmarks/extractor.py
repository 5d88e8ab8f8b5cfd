"""How well the bundled extractor keeps an object's content features, before and after training.

``python benchmarks/extractor.py --data DATA --backbone FILE --distractors FOLDER --json`` reads DATA/pack_384, made by
``raiha.training.data.photo_pack``: objects of its val split. The other photos come from a folder that was never
trained on. It
prints, for the network as ``raiha.training.train_extractor`` begins, with the backbone's weights, and for the
shipped one:

* cosine: mean cosine between the same patch of a photo before and after a recolouring;
* recall_at_1, recall_at_10: how often a patch in the middle of an object finds the same object among its first 1 or 10
  nearest patches, when that object, cropped, mirrored, exposed anew and recoloured, lies among all patches of
  ``photos`` other photos.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import faiss
import numpy as np
import torch
from machine import cpu_model
from torch import Tensor
from torch.nn import functional as F

from raiha.gallery_tools.extractors.content_net import DIMENSION, ContentNet
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.extractors.registry import EXTRACTORS
from raiha.gallery_tools.extractors.torch_extractor import extractor_of
from raiha.gallery_tools.photo_folders import find_photos
from raiha.gallery_tools.photos import load_photo
from raiha.training.backbone import load_backbone, restore_batch_norm_statistics
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.data.windows import Windows, cut, take
from raiha.training.samples.recolour import Source, recolour, standard_recipes
from raiha.training.train_extractor import principal_projection

SIDE = 448
CROP = 0.7
PER_OBJECT = 4


def untrained(pack: PhotoPack, backbone: Path) -> Extractor:
    """Return what training begins with: ImageNet features, projected on their principal components."""
    network = ContentNet().eval()
    load_backbone(network.backbone, backbone)
    rows = np.random.default_rng(0).choice(np.flatnonzero(~pack.validation), 96)
    squares = [take(pack.photos, chunk).float() / 255 for chunk in np.array_split(rows, 8)]
    photos = [F.interpolate(one, size=(SIDE, SIDE), mode="bilinear") * 2 - 1 for one in squares]
    restore_batch_norm_statistics(network.backbone, photos)
    principal_projection(network, photos)
    return extractor_of(EXTRACTORS["bundled"], network.eval())


def features(extractor: Extractor, photos: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] to (B, rows, columns, D)."""
    pixels = (photos * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return torch.from_numpy(np.stack([extractor.content_features([photo])[0] for photo in pixels]))


def val_objects(pack: PhotoPack, most: int) -> np.ndarray:
    """One sizeable object of each val photo."""
    chosen, seen = [], set()
    for number in np.flatnonzero(pack.validation[pack.owners]):
        owner = int(pack.owners[number])
        share = (pack.masks[number] > 127).sum() / pack.sizes[owner].prod()
        if owner not in seen and 0.03 < share < 0.6:
            seen.add(owner)
            chosen.append(number)
    return np.array(chosen[:most])


def recoloured_views(photos: Tensor, films: Path | None) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    whole = torch.ones_like(photos[:, :1])
    return recolour(photos, whole, Source(photos.roll(1, 0), whole), standard_recipes(films), generator)


def figures(
    extractor: Extractor, pack: PhotoPack, objects: np.ndarray, distractors: list[Path], films: Path | None
) -> dict[str, float]:
    owners = pack.owners[objects]
    occupied = torch.from_numpy(pack.sizes[owners] / pack.side).float()
    half = torch.full((len(objects), 2), 0.5)
    straight = torch.zeros(len(objects), dtype=torch.bool)
    plain = Windows(half, 2 * half, straight)
    photos = cut(take(pack.photos, owners), plain.grid(occupied, SIDE, SIDE)) / 255
    masks = cut(take(pack.masks, objects).unsqueeze(1), plain.grid(occupied, SIDE, SIDE)) / 255
    recoloured = recoloured_views(photos, films)
    original = features(extractor, photos)
    cosine = (original * features(extractor, recoloured)).sum(3).mean().item()

    centres = torch.stack([_centre(mask[0]) for mask in masks]).clamp(CROP / 2, 1 - CROP / 2)
    crops = Windows(centres, torch.full((len(objects), 2), CROP), ~straight)
    grid = crops.grid(torch.ones_like(occupied), SIDE, SIDE)
    views = features(extractor, cut(recoloured, grid))
    view_masks = F.avg_pool2d(cut(masks, grid), SIDE // views.shape[1])[:, 0]
    index, labels = faiss.IndexFlatIP(DIMENSION), []
    for path in distractors:
        patches = extractor.content_features([load_photo(path, SIDE)])[0].reshape(-1, DIMENSION)
        index.add(patches)
        labels.append(np.full(len(patches), -1))
    for number, view in enumerate(views):
        index.add(view.reshape(-1, DIMENSION).numpy())
        labels.append(np.where(view_masks[number].flatten() > 0.3, number, -1))
    label, numbers = np.concatenate(labels), np.random.default_rng(0)
    first, tenth, asked = 0, 0, 0
    shares = F.avg_pool2d(masks, SIDE // original.shape[1])[:, 0].flatten(1)
    for number in range(len(objects)):
        inner = np.flatnonzero(shares[number].numpy() > 0.9)
        if not len(inner) or not (labels[len(distractors) + number] == number).any():
            continue
        picks = numbers.choice(inner, min(PER_OBJECT, len(inner)), replace=False)
        _, nearest = index.search(original[number].reshape(-1, DIMENSION)[picks].numpy(), 10)
        hits = label[nearest] == number
        first += int(hits[:, 0].sum())
        tenth += int(hits.any(1).sum())
        asked += len(picks)
    return {"cosine": cosine, "recall_at_1": first / asked, "recall_at_10": tenth / asked, "patches_asked": asked}


def _centre(mask: Tensor) -> Tensor:
    """(2,) y and x of a mask's centre of mass, 0 to 1."""
    rows, columns = mask.sum(1), mask.sum(0)
    steps = (torch.arange(SIDE) + 0.5) / SIDE
    return torch.stack([(rows * steps).sum() / rows.sum(), (columns * steps).sum() / columns.sum()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--after", type=Path, help="weights of the trained extractor; by default the shipped ones")
    parser.add_argument("--distractors", type=Path, required=True)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=150)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pack = PhotoPack.load(arguments.data / "pack_384")
    objects = val_objects(pack, arguments.objects)
    distractors = list(find_photos([arguments.distractors]))[: arguments.photos]
    result = {
        name: figures(extractor, pack, objects, distractors, arguments.films)
        for name, extractor in (
            ("before", untrained(pack, arguments.backbone)),
            ("after", load_extractor("bundled", arguments.after)),
        )
    }
    report = {
        **result,
        "objects": len(objects),
        "other_photos": len(distractors),
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
    }
    print(json.dumps(report) if arguments.json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
