"""Average two checkpoints of which one began from the other.

``python -m raiha.training.mean_weights LAST BEFORE OUT --share 0.3`` writes 0.7 of LAST and 0.3 of BEFORE, with
LAST's notes and inference settings. Such means often generalize better than either checkpoint; whether they do is
measured on the val split.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import Tensor

from raiha.backend.network.checkpoint_metadata import read_inference_settings, read_notes
from raiha.backend.network.weights import load_network, save_network


def mean_of(last: dict[str, Tensor], before: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return ``share`` of the weights ``before`` plus the rest of the weights ``last``.

    Raises:
        ValueError: the weights belong to networks of different shapes.
    """
    if {name: tensor.shape for name, tensor in last.items()} != {name: tensor.shape for name, tensor in before.items()}:
        raise ValueError("The checkpoints belong to networks of different shapes and cannot be averaged.")
    return {name: tensor.lerp(before[name], share) for name, tensor in last.items()}


def main() -> None:
    """Write the mean from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("last", type=Path)
    parser.add_argument("before", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of BEFORE, 0 to 1")
    arguments = parser.parse_args()
    last, before = (load_network(file) for file in (arguments.last, arguments.before))
    notes = {key: value for key, value in read_notes(arguments.last).items() if key not in ("config", "inference")}
    mean = mean_of(last.state_dict(), before.state_dict(), arguments.share)
    save_network(mean, last.config, read_inference_settings(arguments.last), arguments.out, notes)


if __name__ == "__main__":
    main()
