"""References for training: what our retrieval (formulas 3 and 5) finds for each packed object among the train photos.

``python -m raiha.training.samples.retrieved_references PACK CONTENT.npy OUT.npy`` writes (M, 8) int64 numbers of
photos, best first,
-1 where there are fewer. The gallery of an object is its split without its own photo, those of the same series and
near-duplicates of it. To do a training set in minutes, patches are pooled two by two and at most 12 foreground and 48
background patches of an object are looked up; thresholds and score are those of ``raiha.gallery_tools.search``. With
``--appearance 0.7 0.8`` only photos are found whose light agrees no better than that: the paper's ablation.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from raiha.gallery_tools.appearance import BINS, hsv_histograms
from raiha.gallery_tools.extractors.registry import ExtractorInfo, extractor_info
from raiha.gallery_tools.search import BACKGROUND_SHARE, FOREGROUND_SHARE, NEAR_DUPLICATE
from raiha.training.data.photo_pack import PhotoPack

_KEPT = 8
_CANDIDATES = 32
_FOREGROUND_PATCHES = 12
_BACKGROUND_PATCHES = 48


@dataclass(frozen=True)
class _Photos:
    """Pooled features of all photos.

    Attributes:
        content: (N, P, D) float32 unit length; zeros where a square is empty.
        appearance: (N, P, bins) float32 unit length.
        inside: (N, P) bool, the patch lies in the photo.
        groups: (N,) int64, alike for photos of one series.
        side: of the grid, P = side * side.
    """

    content: Tensor
    appearance: Tensor
    inside: Tensor
    groups: Tensor
    side: int


def pooled_features(pack: PhotoPack, content: NDArray[np.float16]) -> _Photos:
    """Content and appearance on a grid of half the extractor's resolution."""
    side = content.shape[1] // 2
    count = len(content)
    pooled = torch.empty(count, side * side, content.shape[3])
    appearance = np.empty((count, side * side, BINS), np.float32)
    for number in range(count):
        maps = torch.from_numpy(np.asarray(content[number], dtype=np.float32)).permute(2, 0, 1)[None]
        pooled[number] = F.avg_pool2d(maps, 2)[0].flatten(1).T
        square = np.ascontiguousarray(pack.photos[number].transpose(1, 2, 0))
        appearance[number] = hsv_histograms(square, (side, side)).reshape(side * side, -1)
    centres = (torch.arange(side) + 0.5) / side
    occupied = torch.from_numpy(pack.sizes / pack.side).float()
    inside = (centres[None, :, None] < occupied[:, 0, None, None]) & (centres < occupied[:, 1, None, None])
    inside = inside.flatten(1)
    content_features = F.normalize(pooled, dim=2) * inside.unsqueeze(2)
    return _Photos(content_features, torch.from_numpy(appearance), inside, torch.from_numpy(pack.groups), side)


def _some(flags: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Numbers of at most so many of the patches that are flagged."""
    numbers = torch.nonzero(flags).flatten()
    return numbers[torch.randperm(len(numbers), generator=generator)[:most]]


def references_of_object(
    photos: _Photos,
    gallery: Tensor,
    content: Tensor,
    owner: int,
    share: Tensor,
    info: ExtractorInfo,
    appearance: tuple[float, float],
    generator: torch.Generator,
) -> list[int]:
    """Numbers of the best references of one object.

    Args:
        photos: all photos.
        gallery: (G,) numbers of the photos that may be found.
        content: (G, P, D) their content features.
        owner: number of the object's photo.
        share: (P,) share of the object in each patch of that photo.
        info: of the extractor; its content threshold and least share count.
        appearance: least agreement of the light, and from which on it is too good.
        generator: draws the patches that are looked up.
    """
    foreground = _some((share >= FOREGROUND_SHARE) & photos.inside[owner], _FOREGROUND_PATCHES, generator)
    background = _some((share < BACKGROUND_SHARE) & photos.inside[owner], _BACKGROUND_PATCHES, generator)
    if not len(foreground) or not len(background):
        return []
    likeness = (content.flatten(0, 1) @ photos.content[owner, foreground].T).reshape(*content.shape[:2], -1)
    found = (likeness.amax(1) >= info.content_threshold).float().mean(1)  # formula 3, for each patch
    found[found < info.content_share] = 0
    found[photos.groups[gallery] == photos.groups[owner]] = 0
    shares, candidates = found.topk(min(_CANDIDATES, len(found)))
    same = (content[candidates] * photos.content[owner]).sum(2).sum(1) / photos.inside[owner].sum() >= NEAR_DUPLICATE
    like = torch.einsum("qd,cpd->cqp", photos.content[owner, background], content[candidates])
    agree = torch.einsum("qd,cpd->cqp", photos.appearance[owner, background], photos.appearance[gallery[candidates]])
    closest = torch.where(like >= info.content_threshold, agree, -1.0).flatten(1).amax(1)
    alike = (closest >= appearance[0]) & (closest < appearance[1])  # formula 5
    best, places = like.max(2)
    matched = best >= info.content_threshold
    agreement = (agree.gather(2, places.unsqueeze(2)).squeeze(2) * matched).sum(1) / matched.sum(1).clamp_min(1)
    score = shares * agreement * (alike & ~same)
    order = score.argsort(descending=True)
    return [int(gallery[candidates[number]]) for number in order if score[number] > 0]


def main() -> None:
    """Find them from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("content", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--extractor", default="bundled")
    parser.add_argument("--appearance", type=float, nargs=2, metavar=("LEAST", "BELOW"))
    arguments = parser.parse_args()
    pack = PhotoPack.load(arguments.pack)
    photos = pooled_features(pack, np.load(arguments.content, mmap_mode="r"))
    info, generator = extractor_info(arguments.extractor), torch.Generator().manual_seed(0)
    appearance = tuple(arguments.appearance or (info.appearance_threshold, 1.1))
    result = np.full((len(pack.masks), _KEPT), -1, np.int64)
    for validation in (False, True):
        gallery = torch.from_numpy(np.flatnonzero(pack.validation == validation))
        content = photos.content[gallery]
        for number in np.flatnonzero(pack.validation[pack.owners] == validation):
            mask = torch.from_numpy(np.asarray(pack.masks[number], dtype=np.float32))[None, None] / 255
            share = F.adaptive_avg_pool2d(mask, photos.side).flatten()
            owner = int(pack.owners[number])
            found = references_of_object(photos, gallery, content, owner, share, info, appearance, generator)[:_KEPT]
            result[number, : len(found)] = found
    np.save(arguments.out, result)
    print(
        f"{(result[:, 0] >= 0).mean():.1%} of the objects have references, {(result >= 0).sum(1).mean():.1f} on average"
    )


if __name__ == "__main__":
    main()
