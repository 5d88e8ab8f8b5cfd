"""The sampler of a run's data folder."""

from __future__ import annotations

from pathlib import Path

import torch

from raiha.training.data.photo_pack import PhotoPack
from raiha.training.samples.objects import ObjectSampler, bounding_boxes


def load_sampler(
    data: Path, region_share: float, seed: int, device: torch.device | None = None, *, in_memory: bool = False
) -> ObjectSampler:
    """Load the sampler of the train split.

    Args:
        data: folder of pack_*/ (raiha.training.data.photo_pack); for references also content.npy
            (raiha.training.data.photo_features) and retrieved.npy (raiha.training.samples.retrieved_references).
        region_share: share of the objects that are regions of photos.
        seed: of the draw.
        device: that holds the pixels; None means the CPU.
        in_memory: read the packs at once, which is faster and takes gigabytes.
    """
    packs = [PhotoPack.load(folder, in_memory=in_memory) for folder in sorted(data.glob("pack_*"))]
    content, retrieved = (file if file.exists() else None for file in (data / "content.npy", data / "retrieved.npy"))
    boxes = bounding_boxes(packs[0])
    return ObjectSampler(
        packs, content, retrieved, boxes, validation=False, seed=seed, device=device, region_share=region_share
    )
