"""The bundled extractor in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from raiha.gallery_tools.extractors.extractor import Engine, Maps
from raiha.gallery_tools.extractors.fingerprint import fingerprint_of
from raiha.gallery_tools.extractors.registry import BUNDLED_GRAPH, BUNDLED_WEIGHTS
from raiha.gallery_tools.onnx_graph import OnnxGraph
from raiha.gallery_tools.tensor_file import read_tensors

_STEPS = ".num_batches_tracked"


def load_engine(weights: Path | None = None) -> tuple[Engine, Callable[[], str]]:
    """Return the extractor with its own weights or those of a file, and what computes their fingerprint.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    tensors = read_tensors(weights or BUNDLED_WEIGHTS)
    graph = OnnxGraph(BUNDLED_GRAPH, tensors)

    def engine(pictures: Maps) -> Maps:
        return graph({"pictures": pictures})[0]

    # torch's module has a counter in each batch norm, which is 0 in every file and takes part in the fingerprint.
    norms = [name.removesuffix(".running_var") for name in tensors if name.endswith(".running_var")]
    counters = {norm + _STEPS: np.float32(0).reshape(()) for norm in norms}
    return engine, lambda: fingerprint_of({**counters, **tensors})
