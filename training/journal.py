"""Log a run: figures on the val split in log.jsonl, and scalars and pictures for TensorBoard."""

from __future__ import annotations

import json
import time
from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter


class Journal:
    """Writes into a run's folder; TensorBoard reads its ``tensorboard`` folder."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log.jsonl"
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def step(self, samples: int, loss: float, learning_rate: float) -> None:
        """Record the training loss and the learning rate after a number of samples."""
        self._writer.add_scalar("loss/log error", loss, samples)
        self._writer.add_scalar("learning rate", learning_rate, samples)

    def validated(self, samples: int, loss: float, figures: dict[str, float], pictures: Tensor) -> None:
        """Record figures on the val split by name (dB), and pictures (3, H, W) in [0, 1]."""
        entry = {"samples": samples, "time": time.time(), "loss": loss, **figures}
        print(json.dumps(entry), flush=True)
        with self._log.open("a") as log:
            log.write(json.dumps(entry) + "\n")
        for name, value in figures.items():
            self._writer.add_scalar(f"val/{name}", value, samples)
        self._writer.add_image("composite, result, real", pictures, samples)
        self._writer.flush()
