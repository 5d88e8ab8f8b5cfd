"""Random numbers for the samples of a batch, drawn where the generator is and moved to where the batch is."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(like: Tensor, size: int, generator: torch.Generator, spread: float) -> Tensor:
    """(B, size, 1, 1) normal numbers of this standard deviation for a batch (B, ...)."""
    drawn = torch.randn(len(like), size, 1, 1, generator=generator, device=generator.device)
    return drawn.to(like.device) * spread


def uniform(like: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """(B, 1, 1, 1) numbers from ``low`` to ``high`` for a batch (B, ...)."""
    drawn = torch.rand(len(like), 1, 1, 1, generator=generator, device=generator.device)
    return drawn.to(like.device) * (high - low) + low


def some_rows(like: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Numbers of the samples of a batch (B, ...) that a draw falls on, each with the given chance."""
    return torch.nonzero(uniform(like, 0, 1, generator).flatten() < share).flatten()
