"""The mean of two checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from raiha.backend.network.checkpoint_metadata import read_inference_settings, read_notes
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import load_network, save_network
from raiha.training.mean_weights import main, mean_of


def test_a_file_of_three_tenths_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = [Harmonizer(), Harmonizer()]
    files = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for number, (network, file) in enumerate(zip(networks, files, strict=False)):
        with torch.no_grad():
            network.head.bias.fill_(number)
        settings = InferenceSettings(side=64 * (number + 1))
        notes = {"samples": str(10 - number), "seed": "1"}
        save_network(network.state_dict(), NetworkConfig(), settings, file, notes)
    monkeypatch.setattr(sys, "argv", ["mean_weights", *map(str, files), "--share", "0.3"])
    main()
    torch.testing.assert_close(load_network(files[2]).head.bias, torch.full((12,), 0.3), atol=1e-3, rtol=0)
    assert read_notes(files[2])["samples"] == "10" and read_inference_settings(files[2]).side == 64


def test_there_is_no_mean_of_different_shapes() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        mean_of({"a": torch.zeros(2)}, {"a": torch.zeros(3)}, 0.5)
