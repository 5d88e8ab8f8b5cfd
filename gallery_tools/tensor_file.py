"""Reads the tensors of safetensors files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from raiha.gallery_tools.errors import RaihaError


def read_tensors(file: Path) -> dict[str, NDArray[np.float32]]:
    """Return a file's tensors by name, as float32.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    if not file.is_file():
        raise RaihaError(
            "weights-missing",
            f"The weights file {file} is not there.",
            "Install Raiha again, or name the right file with --weights.",
        )
    try:
        return {name: tensor.astype(np.float32) for name, tensor in load_file(file).items()}
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise RaihaError(
            "weights-damaged",
            f"The weights file {file} is damaged: {error}.",
            "Install Raiha again, or fetch the file again.",
        ) from error
