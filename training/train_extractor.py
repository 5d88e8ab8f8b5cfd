"""Train the bundled extractor so that content features survive recolouring (formula 2).

The student sees a recoloured, resized, mirrored window of a photo and has to predict the features that the frozen
teacher, the same network before training, computes for the same places of the original photo. Features of other places
in the batch are negatives, so that the features keep telling contents apart.

``python -m raiha.training.train_extractor --pack PACK --backbone FILE --films FILE --out FILE --minutes 15``
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from raiha.gallery_tools.extractors.content_net import STRIDE, ContentNet
from raiha.training.backbone import load_backbone, restore_batch_norm_statistics
from raiha.training.data.device_arrays import take
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.data.windows import cut, random_windows
from raiha.training.samples.recolour import Recipe, Source, recolour, standard_recipes

_TEACHER_SIDE = 448
_STUDENT_SIDE = 256
_TEMPERATURE = 0.07


def _photos(pack: PhotoPack, rows: NDArray[np.int64], side: int) -> Tensor:
    """Return photos (B, 3, side, side) float32 in [0, 1]."""
    squares = take(pack.photos, rows).float() / 255
    return F.interpolate(squares, size=(side, side), mode="bilinear", align_corners=False)


@torch.no_grad()
def principal_projection(network: ContentNet, batches: list[Tensor]) -> None:
    """Set the projection to the principal components of the joined ImageNet features, as training begins with."""
    features = torch.cat([network.joined(batch).permute(0, 2, 3, 1).flatten(0, 2) for batch in batches])
    mean = features.mean(0)
    _, axes = torch.linalg.eigh(torch.cov(features.T))  # ascending
    projection = axes.T.flip(0)[: network.project.out_channels]
    network.project.weight.data = projection[..., None, None].contiguous()
    network.project.bias = torch.nn.Parameter(-projection @ mean)


@torch.inference_mode()
def teacher_features(network: ContentNet, pack: PhotoPack, rows: NDArray[np.int64]) -> Tensor:
    """Return the features (len(rows), 64, 28, 28) float16 of whole original photos in their squares."""
    maps = []
    for chunk in np.array_split(rows, max(1, len(rows) // 2)):  # small batches fit in the processor's cache
        photos = (_photos(pack, chunk, _TEACHER_SIDE) * 2 - 1).to(memory_format=torch.channels_last)
        maps.append(network(photos).half())
    return torch.cat(maps)


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the cosine distance to the teacher's features plus a contrastive loss over the batch's places.

    Args:
        student: (P, 64) unit features of recoloured places.
        teacher: (P, 64) unit features of the same places in the originals.
    """
    similarity = student @ teacher.T  # (P, P)
    numbers = torch.arange(len(student))
    return 2 * (1 - similarity.diagonal().mean()) + F.cross_entropy(similarity / _TEMPERATURE, numbers)


def _step_loss(
    network: ContentNet,
    pack: PhotoPack,
    rows: NDArray[np.int64],
    originals: Tensor,
    recipes: list[tuple[Recipe, float]],
    generator: torch.Generator,
) -> Tensor:
    """Return the loss of a batch of random windows; ``originals`` are the teacher's maps of the same photos."""
    windows = random_windows(len(rows), 0.45, 0.9, generator)
    occupied = torch.from_numpy(pack.sizes[rows] / pack.side).float()
    side = _STUDENT_SIDE // STRIDE
    photos = cut(take(pack.photos, rows), windows.grid(occupied, _STUDENT_SIDE, _STUDENT_SIDE)) / 255
    whole = torch.ones_like(photos[:, :1])
    order = torch.randperm(len(rows), generator=generator)
    recoloured = recolour(photos, whole, Source(photos[order], whole), recipes, generator)
    strength = torch.rand(len(rows), 1, 1, 1, generator=generator)
    student = network(
        ((photos + strength * (recoloured - photos)) * 2 - 1).contiguous(memory_format=torch.channels_last)
    )
    teacher = F.normalize(cut(originals, windows.grid(occupied, side, side)), dim=1)
    picks = torch.randperm(student[:, 0].numel(), generator=generator)[:1024]
    return distillation_loss(*(maps.permute(0, 2, 3, 1).flatten(0, 2)[picks] for maps in (student, teacher)))


def train(
    pack: PhotoPack, backbone: Path, films: Path | None, minutes: float, batch: int, seed: int
) -> tuple[ContentNet, ContentNet, int]:
    """Train for some minutes; return the network before and after training, and the number of samples seen."""
    generator = torch.Generator().manual_seed(seed)
    numbers = np.random.default_rng(seed)
    rows = np.flatnonzero(~pack.validation)
    teacher = ContentNet().eval().to(memory_format=torch.channels_last)
    load_backbone(teacher.backbone, backbone)
    some = [_photos(pack, chunk, _TEACHER_SIDE) * 2 - 1 for chunk in np.array_split(numbers.choice(rows, 96), 8)]
    restore_batch_norm_statistics(teacher.backbone, some)
    principal_projection(teacher, some)
    originals = teacher_features(teacher, pack, rows)
    print(f"teacher's features: {tuple(originals.shape)}", flush=True)
    student = ContentNet().to(memory_format=torch.channels_last)
    student.load_state_dict(teacher.state_dict())
    student.train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=1.0, weight_decay=1e-4)
    recipes = standard_recipes(films)
    begun, samples, running = time.monotonic(), 0, 0.0
    while (elapsed := (time.monotonic() - begun) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 6e-4 * min(1, samples / 2000) * (0.02 + 0.98 * (1 - elapsed))
        picks = numbers.choice(len(rows), batch, replace=False)
        loss = _step_loss(student, pack, rows[picks], originals[torch.from_numpy(picks)], recipes, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        samples += batch
        running = loss.item() if samples == batch else 0.98 * running + 0.02 * loss.item()
        if samples % (batch * 10) == 0:
            print(f"{samples} samples, {elapsed:.0%}, loss {running:.4f}", flush=True)
    return teacher, student.eval(), samples


def save(network: ContentNet, file: Path, notes: dict[str, str]) -> None:
    """Write fp16 safetensors with notes as metadata."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {key: value.half().contiguous() for key, value in network.state_dict().items() if value.is_floating_point()},
        file,
        notes,
    )


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    before, after, samples = train(
        PhotoPack.load(arguments.pack),
        arguments.backbone,
        arguments.films,
        arguments.minutes,
        arguments.batch,
        arguments.seed,
    )
    save(before, arguments.out.with_name("before.safetensors"), {"samples": "0"})
    save(after, arguments.out, {"samples": str(samples), "seed": str(arguments.seed)})


if __name__ == "__main__":
    main()
