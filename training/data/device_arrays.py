"""Rows of large arrays, from the disk or from a GPU's memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[Any] | Tensor
"""A memory-mapped array, or a tensor in a GPU's memory."""


def held(array: NDArray[Any], device: torch.device) -> Rows:
    """An array where a device takes rows of it quickest: in the GPU's memory, or where it is for a CPU."""
    return array if device.type == "cpu" else torch.from_numpy(np.array(array)).to(device)


def take(rows: Rows, numbers: NDArray[np.int64]) -> Tensor:
    """Some rows as a tensor, on the device that holds them."""
    if isinstance(rows, Tensor):
        return rows[torch.from_numpy(numbers).to(rows.device)]
    return torch.from_numpy(rows[numbers])
