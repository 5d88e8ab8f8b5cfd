"""The mean of checkpoints that began from the same one: nearer to the valley's floor than each of them.

``python -m training.average OUT CHECKPOINT...`` writes it; its seed and samples are those of all of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from backend.network.weights import load_network, read_notes, save_network


def average(checkpoints: list[Path], out: Path) -> None:
    """Writes the mean of some checkpoints of one config.

    Raises:
        ValueError: their configs differ.
    """
    networks = [load_network(checkpoint) for checkpoint in checkpoints]
    if any(network.config != networks[0].config for network in networks):
        raise ValueError("These checkpoints have different configs.")
    states = [network.state_dict() for network in networks]
    mean = {key: torch.stack([state[key].float() for state in states]).mean(0) for key in states[0]}
    notes = [read_notes(checkpoint) for checkpoint in checkpoints]
    joined = {key: ", ".join(note.get(key, "?") for note in notes) for key in ("samples", "seed")}
    save_network(mean, networks[0].config, out, joined)


def main() -> None:
    """Averages from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    arguments = parser.parse_args()
    average(arguments.checkpoints, arguments.out)


if __name__ == "__main__":
    main()
