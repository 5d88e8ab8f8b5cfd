"""The network in ONNX Runtime."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS
from raiha.backend.network.engine import Predictions, Scene
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.gallery_tools.onnx_graph import OnnxGraph
from raiha.gallery_tools.tensor_file import read_tensors

GRAPH = SHIPPED_WEIGHTS.with_suffix(".onnx")
GRAPH_WITH_REFERENCES = SHIPPED_WEIGHTS.with_name("harmonizer_with_references.onnx")


class OnnxEngine:
    """An ``Engine`` on the processor; the graph with references is loaded when it is first needed."""

    def __init__(self, weights: Path, *, once: bool = False) -> None:
        """Load a checkpoint of the usual shape, for many predictions or for a single one.

        Raises:
            RaihaError: "weights-missing" or "weights-damaged".
        """
        self._weights, self._once = weights, once
        self._graph = OnnxGraph(GRAPH, read_tensors(weights), once=once)

    def fits(self, settings: InferenceSettings) -> bool:
        """Return whether the graph is for crops of this size and so many lines across the edge."""
        sizes = self._graph.sizes
        return (sizes["pictures"][2], sizes["profiles"][2]) == (settings.side, settings.edge_lines)

    @cached_property
    def _graph_with_references(self) -> OnnxGraph:
        return OnnxGraph(GRAPH_WITH_REFERENCES, read_tensors(self._weights), once=self._once)

    def predict(self, scene: Scene) -> Predictions:
        """Predict colour transforms for both crops, with the object's edge shown and hidden."""
        inputs: dict[str, NDArray[np.generic]] = {
            "pictures": scene.pictures,
            "masks": scene.masks,
            "content": scene.content,
            "profiles": scene.edge.profiles[None],
            "present": np.array([scene.edge.present]),
        }
        if scene.references is None:
            return Predictions(*self._graph(inputs))
        references = {
            "references": scene.references.pictures[None],
            "reference_contents": scene.references.contents[None],
        }
        return Predictions(*self._graph_with_references({**inputs, **references}))
