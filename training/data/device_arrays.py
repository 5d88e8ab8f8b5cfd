"""Arrays too large to read at once: memory-mapped for a CPU, in memory for a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[Any] | Tensor
"""A memory-mapped array, or a tensor in a GPU's memory."""


def held(array: NDArray[Any], device: torch.device) -> Rows:
    """Return an array from which a device reads rows fast: moved to a GPU's memory, or unchanged for a CPU."""
    return array if device.type == "cpu" else torch.from_numpy(np.array(array)).to(device)


def take(rows: Rows, numbers: NDArray[np.int64]) -> Tensor:
    """Return some rows as a tensor on the device that holds them."""
    if isinstance(rows, Tensor):
        return rows[torch.from_numpy(numbers).to(rows.device)]
    return torch.from_numpy(rows[numbers])
