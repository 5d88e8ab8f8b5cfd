"""Network checkpoints in torch: one safetensors file, with config and inference settings in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, not_this_network, read_config
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig


def save_network(
    state: dict[str, Tensor], config: NetworkConfig, settings: InferenceSettings, file: Path, notes: dict[str, str]
) -> None:
    """Write a checkpoint with fp16 tensors.

    Args:
        state: of the network; all tensors are floating-point.
        config: the network's shape.
        settings: how the network is to be run.
        file: where to write; its folder is made if need be.
        notes: what else the metadata should hold (data, samples, seed, ...).
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    halves = {key: value.half().contiguous() for key, value in state.items()}
    save_file(halves, file, {"config": json.dumps(asdict(config)), "inference": settings.to_json(), **notes})


def load_network(file: Path = SHIPPED_WEIGHTS, device: str = "cpu") -> Harmonizer:
    """Return a checkpoint's network on ``device``, in evaluation mode and float32.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    config = read_config(file)
    try:
        network = Harmonizer(config)
        with safe_open(file, framework="pt") as opened:
            state = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118
        differing = network.state_dict().keys() ^ state.keys()
        if differing:
            raise ValueError(f"{min(differing)} is missing or unknown")
        network.load_state_dict(state)
    except (SafetensorError, ValueError, TypeError, RuntimeError) as error:
        raise not_this_network(file, error) from error
    return network.to(device).eval()
