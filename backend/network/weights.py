"""Network checkpoints: one safetensors file with the network's config in its metadata."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from raiha.backend.network.harmonizer import Harmonizer, NetworkConfig
from raiha.gallery_tools.errors import RaihaError

SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "harmonizer.safetensors"


def save_network(state: dict[str, Tensor], config: NetworkConfig, file: Path, notes: dict[str, str]) -> None:
    """Writes a network's state as fp16 safetensors; ``notes`` (data, samples, seed, ...) join the metadata."""
    file.parent.mkdir(parents=True, exist_ok=True)
    halves = {key: value.half().contiguous() for key, value in state.items() if value.is_floating_point()}
    save_file(halves, file, {"config": json.dumps(config.as_dict()), **notes})


def read_notes(file: Path) -> dict[str, str]:
    """A checkpoint's metadata, its config among them.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    if not file.is_file():
        raise RaihaError(
            "weights-missing",
            f"The network's weights file {file} is not there.",
            "Install Raiha again, or name the right file with --weights.",
        )
    try:
        with safe_open(file, framework="pt") as opened:
            return dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise RaihaError(
            "weights-damaged",
            f"The network's weights file {file} is damaged: {error}.",
            "Install Raiha again, or name the right file with --weights.",
        ) from error


def load_network(file: Path = SHIPPED_WEIGHTS, device: str = "cpu") -> Harmonizer:
    """A network with its weights, in evaluation mode.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    notes = read_notes(file)
    try:
        network = Harmonizer(NetworkConfig(**json.loads(notes["config"])))
        with safe_open(file, framework="pt") as opened:
            state = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118
        missing, unexpected = network.load_state_dict(state, strict=False)
        counters = [key for key in missing if not key.endswith("num_batches_tracked")]
        if counters or unexpected:
            raise ValueError(f"{[*counters, *unexpected][0]} does not fit")
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise RaihaError(
            "weights-damaged",
            f"{file} does not hold the weights of this network: {error}.",
            "Install Raiha again, or name a checkpoint made by this version of Raiha.",
        ) from error
    return network.to(device).eval()
