"""The mean of checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from backend.network.harmonizer import Harmonizer, NetworkConfig
from backend.network.weights import load_network, read_notes, save_network
from training.average import average


def written(folder: Path, seed: int, width: int = 32) -> Path:
    torch.manual_seed(seed)
    config = NetworkConfig(width=width)
    file = folder / f"{seed}.safetensors"
    save_network(Harmonizer(config).state_dict(), config, file, {"samples": "8", "seed": str(seed)})
    return file


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    files = [written(tmp_path, seed) for seed in (1, 2)]
    average(files, tmp_path / "mean.safetensors")
    mean, one, other = (load_network(file).state_dict() for file in (tmp_path / "mean.safetensors", *files))
    for key, value in mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (one[key] + other[key]) / 2, atol=1e-3, rtol=1e-3)
    assert read_notes(tmp_path / "mean.safetensors")["seed"] == "1, 2"


def test_networks_of_different_shapes_have_no_mean(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="different configs"):
        average([written(tmp_path, 1), written(tmp_path, 2, width=64)], tmp_path / "mean.safetensors")
