"""A checkpoint's metadata: its config, inference settings and notes. Reading it does not import torch."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.gallery_tools.errors import RaihaError

SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "harmonizer.safetensors"


def read_notes(file: Path) -> dict[str, str]:
    """Return a checkpoint's metadata: config, inference settings and notes.

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
        with safe_open(file, framework="np") as opened:
            return dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise RaihaError(
            "weights-damaged",
            f"The network's weights file {file} is damaged: {error}.",
            "Install Raiha again, or name the right file with --weights.",
        ) from error


def read_config(file: Path = SHIPPED_WEIGHTS) -> NetworkConfig:
    """Return the shape of a checkpoint's network.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    notes = read_notes(file)
    try:
        return NetworkConfig(**json.loads(notes["config"]))
    except (KeyError, ValueError, TypeError) as error:
        raise not_this_network(file, error) from error


def not_this_network(file: Path, reason: object) -> RaihaError:
    """Return the error for a file that holds something else."""
    return RaihaError(
        "weights-damaged",
        f"{file} does not hold the weights of this network: {reason}.",
        "Install Raiha again, or name a checkpoint made by this version of Raiha.",
    )


def read_inference_settings(file: Path = SHIPPED_WEIGHTS) -> InferenceSettings:
    """Return how a checkpoint's network is to be run.

    Raises:
        RaihaError: "weights-missing", "weights-damaged" or "weights-without-settings".
    """
    notes = read_notes(file)
    if "inference" not in notes:
        raise RaihaError(
            "weights-without-settings",
            f"The weights file {file} has no inference settings in its metadata: an older version of Raiha wrote it.",
            "Use a checkpoint made by this version of Raiha.",
        )
    try:
        return InferenceSettings.from_json(notes["inference"])
    except (ValueError, TypeError, AttributeError) as error:
        raise RaihaError(
            "weights-damaged",
            f"The inference settings in the weights file {file} cannot be read: {error}.",
            "Use a checkpoint made by this version of Raiha.",
        ) from error
