"""Processes that train one network together, started by torchrun; without torchrun there is a single process."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Processes:
    """This process and its place among all.

    Attributes:
        rank: of this process; process 0 validates and writes checkpoints.
        number: of processes.
        device: of this process.
    """

    rank: int = 0
    number: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def join(cls, device: str | None = None) -> Processes:
        """Join the other processes by torchrun's environment variables, or stay alone without them.

        Args:
            device: "cpu" or "cuda"; None chooses a GPU where there is one.
        """
        kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
        place = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if kind == "cuda" else kind)
        if "RANK" not in os.environ:
            return cls(device=place)
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        return cls(distributed.get_rank(), distributed.get_world_size(), place)

    def leave(self) -> None:
        """Leave the process group."""
        if self.number > 1:
            distributed.destroy_process_group()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient with its mean over all processes."""
        if self.number == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])  # one message instead of hundreds
        distributed.all_reduce(together)
        parts = torch.split(together / self.number, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def gather(self, own: Any) -> list[Any]:
        """Return every process's object, in the order of their ranks."""
        if self.number == 1:
            return [own]
        everyones: list[Any] = [None] * self.number
        distributed.all_gather_object(everyones, own)
        return everyones
