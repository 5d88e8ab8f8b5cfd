"""What a network takes over from a checkpoint of another shape."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.harmonizer import Harmonizer


def inherited(trained: dict[str, Tensor], network: Harmonizer, *, encoder: bool = True) -> dict[str, Tensor]:
    """Return a state for ``network`` with the layers that it shares with a trained one.

    Inputs that are new to a layer stand last and begin with weight 0. Layers that are new or have other outputs stay
    as they are, and so does the encoder unless ``encoder``.
    """
    state = network.state_dict()
    for key, value in state.items():
        if key in trained and (encoder or not key.startswith("encoder.")):
            fitting = trained[key]
            if value.dim() == 2 and value.shape[1] > fitting.shape[1]:
                fitting = F.pad(fitting, (0, value.shape[1] - fitting.shape[1]))
            if fitting.shape == value.shape:
                state[key] = fitting.to(value.dtype)
    return {key: value.clone() for key, value in state.items()}
