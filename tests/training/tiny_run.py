"""The smallest run that trains: its config, and objects drawn from a tiny pack."""

from __future__ import annotations

from pathlib import Path

from raiha.backend.network.harmonizer import NetworkConfig
from raiha.training.config import Stage, TrainingConfig
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.samples.objects import ObjectSampler, bounding_boxes

CONFIGS = Path(__file__).parents[2] / "training" / "configs"

CONFIG = TrainingConfig(
    stages=(Stage(64, 16, 4), Stage(128, 8, 4, whole_encoder=True)),
    warmup_samples=4,
    reference_share=0.7,
    most_references=2,
    network=NetworkConfig(width=32),
)


def sampler(folder: Path, *, validation: bool = False) -> ObjectSampler:
    pack = PhotoPack.load(folder / "pack_96")
    files = folder / "content.npy", folder / "retrieved.npy"
    return ObjectSampler([pack], *files, bounding_boxes(pack), validation=validation, seed=0)
