"""What the daemon has done lately, for `raiha status`: errors and timings, without what they were about."""

from __future__ import annotations

import importlib.metadata
import statistics
import time
from collections import deque
from typing import Any

KEPT = 20
"""Errors and timings that are remembered."""


class History:
    """The last errors and the last jobs' seconds."""

    def __init__(self) -> None:
        self._errors: deque[tuple[float, str]] = deque(maxlen=KEPT)
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._jobs = 0

    def add(self, seconds: float, error_code: str | None) -> None:
        """Add a job that was answered, with the code of its error if it failed."""
        self._jobs += 1
        self._seconds.append(seconds)
        if error_code is not None:
            self.add_error(error_code)

    def add_error(self, code: str) -> None:
        """Add the code of an error that a client was told."""
        self._errors.append((time.time(), code))

    def as_json(self) -> dict[str, Any]:
        """Return the fields of status: jobs, seconds of the last ones, and the last errors, newest last."""
        return {
            "jobs": self._jobs,
            "seconds": {
                "last": round(self._seconds[-1], 3),
                "median": round(statistics.median(self._seconds), 3),
                "slowest": round(max(self._seconds), 3),
            }
            if self._seconds
            else {},
            "last_errors": [{"time": round(when), "code": code} for when, code in self._errors],
        }


def engine() -> str:
    """Return what runs the network, with its version."""
    for package, name in (("onnxruntime", "ONNX Runtime"), ("torch", "PyTorch")):
        try:
            return f"{name} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return "none"
