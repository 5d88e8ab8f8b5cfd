"""What a network takes over from a checkpoint of another shape."""

from __future__ import annotations

from torch import Tensor

from backend.network.harmonizer import Harmonizer


def inherited(trained: dict[str, Tensor], network: Harmonizer, *, encoder: bool = True) -> dict[str, Tensor]:
    """A state for ``network`` with what it shares with a trained one; ``encoder`` False leaves the encoder as it is.

    What smaller variants lack stands last among the inputs of a layer, content features and edge, and first among the
    outputs of the heads, the gains. Layers that are new, or larger than the trained ones, stay as they are.
    """
    state = network.state_dict()
    for key, value in state.items():
        if key in trained and (encoder or not key.startswith("encoder.")):
            rows = trained[key][-len(value) :] if value.dim() else trained[key]
            fitting = rows[:, : value.shape[1]] if value.dim() > 1 else rows
            if fitting.shape == value.shape:
                state[key] = fitting.to(value.dtype)
    return {key: value.clone() for key, value in state.items()}
