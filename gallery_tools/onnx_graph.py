"""Runs a network in ONNX Runtime: its graph from one file, its weights from another.

``raiha.training.export_onnx`` writes the graphs. They hold no weights, so that the same graph serves every checkpoint
of a network, and no number is stored twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from raiha.gallery_tools.errors import RaihaError

Tensors = Mapping[str, NDArray[np.float32]]


class OnnxGraph:
    """A graph with its weights, on the processor.

    Attributes:
        sizes: of each input by name; None where they may differ from call to call.
    """

    def __init__(self, file: Path, weights: Tensors, *, once: bool = False) -> None:
        """Load a graph.

        Args:
            file: the graph.
            weights: of all its parameters, by name.
            once: the graph will run a single time, so that it does not pay to optimize it.

        Raises:
            RaihaError: "weights-missing" or "weights-damaged".
        """
        if not file.is_file():
            raise RaihaError("weights-missing", f"The network's graph {file} is not there.", "Install Raiha again.")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if once:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = _threads()
        # Threads that wait must not spin: beside another program, that makes a network many times slower.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in weights.values()]
        options.add_external_initializers(list(weights), values)
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no other base
            raise RaihaError(
                "weights-damaged",
                f"The graph {file.name} and these weights do not belong together: {str(error).strip()}",
                "Install Raiha again, or name a checkpoint made by this version of Raiha.",
            ) from error

        self.sizes = {
            entry.name: tuple(size if isinstance(size, int) else None for size in entry.shape)
            for entry in self._session.get_inputs()
        }

    def __call__(self, inputs: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.float32]]:
        """Return the graph's outputs for inputs by name."""
        outputs: list[NDArray[np.float32]] = self._session.run(None, dict(inputs))
        return outputs


def _threads() -> int:
    """Return how many threads compute: as many as OpenMP's setting allows, or as this process has cores."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
