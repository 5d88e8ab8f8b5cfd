"""The processes that train one network together, started by torchrun; one process alone is the simplest case."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Processes:
    """This process among all.

    Attributes:
        rank: of this process; the first, 0, validates and writes.
        number: of processes.
        device: of this process.
    """

    rank: int = 0
    number: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def join(cls, device: str | None = None) -> Processes:
        """Joins the others as torchrun's environment variables say; alone without them.

        Args:
            device: "cpu" or "cuda"; None takes the GPU where there is one.
        """
        kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
        place = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if kind == "cuda" else kind)
        if "RANK" not in os.environ:
            return cls(device=place)
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        return cls(distributed.get_rank(), distributed.get_world_size(), place)

    def leave(self) -> None:
        """Ends the work together."""
        if self.number > 1:
            distributed.destroy_process_group()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replaces each gradient by the mean over all processes."""
        if self.number == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])  # one message instead of hundreds
        distributed.all_reduce(together)
        parts = torch.split(together / self.number, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def gather(self, own: Any) -> list[Any]:
        """What each process has, by rank, known to all."""
        if self.number == 1:
            return [own]
        everyones: list[Any] = [None] * self.number
        distributed.all_gather_object(everyones, own)
        return everyones
