"""The smallest run that trains: its config, and objects drawn from a tiny pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raiha.backend.network.network_config import NetworkConfig
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


def calls_of(owner: object, method: str, patch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return a list that gets the arguments of each call of a method from now on."""
    called: list[tuple[Any, ...]] = []
    original: Callable[..., Any] = getattr(owner, method)

    def recorded(*arguments: Any) -> Any:
        called.append(arguments)
        return original(*arguments)

    patch.setattr(owner, method, recorded)
    return called
