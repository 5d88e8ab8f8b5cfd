"""What runs the network: ONNX Runtime on the processor, or torch, with the same result."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_config, read_inference_settings
from raiha.backend.network.edge_lines import EdgeLines
from raiha.backend.network.network_config import NetworkConfig
from raiha.gallery_tools.devices import AUTO, CPU, TORCH_CPU, chosen_device, require_torch


class References(NamedTuple):
    """K references for all crops of an object.

    Attributes:
        pictures: (K, 3, S, S) float32 encoded sRGB in [0, 1].
        contents: (K, D, S / 16, S / 16) float32 content features.
    """

    pictures: NDArray[np.float32]
    contents: NDArray[np.float32]


class Scene(NamedTuple):
    """What the network sees: two crops of an object, and the object's edge.

    Attributes:
        pictures: (2, 3, S, S) float32 encoded sRGB in [0, 1].
        masks: (2, 1, S, S) float32, 1 = foreground.
        content: (2, D, S / 16, S / 16) float32 content features of the crops.
        edge: of the object.
        references: None in the non-reference setting.
    """

    pictures: NDArray[np.float32]
    masks: NDArray[np.float32]
    content: NDArray[np.float32]
    edge: EdgeLines
    references: References | None = None


class Predictions(NamedTuple):
    """The network's answers: without references, and then with them if there are any.

    Attributes:
        coefficients: (1 or 2, 2, 2, 15, S / 16, S / 16) float32 colour transforms, by setting, edge shown or hidden,
            and crop.
        agreement: (1 or 2, 2, 2) float32 at the edge, see ``EdgeFit``; by the same.
    """

    coefficients: NDArray[np.float32]
    agreement: NDArray[np.float32]


class Engine(Protocol):
    """The network of a checkpoint, ready to run."""

    def predict(self, scene: Scene) -> Predictions:
        """Predict colour transforms for both crops, with the object's edge shown and hidden."""


def load_engine(weights: Path = SHIPPED_WEIGHTS, device: str = AUTO, *, once: bool = False) -> Engine:
    """Load a checkpoint's network.

    Args:
        weights: the checkpoint.
        device: see ``chosen_device``. The graph for ONNX Runtime is of networks like the one that Raiha ships; on the
            processor, torch runs all others.
        once: the network will run a single time.

    Raises:
        RaihaError: "weights-missing", "weights-damaged", "weights-without-settings", "no-torch" or "no-device".
    """
    device, config, settings = chosen_device(device), read_config(weights), read_inference_settings(weights)
    if device == CPU and config == NetworkConfig():
        from raiha.backend.network.onnx_engine import OnnxEngine

        engine = OnnxEngine(weights, once=once)
        if engine.fits(settings):
            return engine
    require_torch("A network of another shape than the one that Raiha ships")
    from raiha.backend.network.torch_engine import TorchEngine

    return TorchEngine(weights, TORCH_CPU if device == CPU else device)
