"""What a network takes over from a checkpoint of another shape."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.harmonizer import Harmonizer


def inherited(trained: dict[str, Tensor], network: Harmonizer, *, encoder: bool = True) -> dict[str, Tensor]:
    """A state for ``network`` with what it shares with a trained one; ``encoder`` False leaves the encoder as it is.

    What smaller variants lack stands last among the inputs of a layer, content features and edge, and first among the
    outputs of the heads, the gains. Inputs that are new stand last and count nothing at first. Layers that are new, or
    have more outputs than the trained ones, stay as they are.
    """
    state = network.state_dict()
    for key, value in state.items():
        if key in trained and (encoder or not key.startswith("encoder.")):
            rows = trained[key][-len(value) :] if value.dim() else trained[key]
            fitting = rows
            if value.dim() == 2:
                fitting = F.pad(rows, (0, value.shape[1] - rows.shape[1]))  # which cuts where there are fewer
            elif value.dim() > 2:
                fitting = rows[:, : value.shape[1]]
            if fitting.shape == value.shape:
                state[key] = fitting.to(value.dtype)
    return {key: value.clone() for key, value in state.items()}
