"""Pipelines that stand in for the real one: one inverts what the mask covers, which a test can repeat, one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from raiha.backend.colour.pixels import Pixels
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import (
    Cancelled,
    HarmonizeRequest,
    HarmonizeResult,
    PreviewResult,
    Progress,
    UsedReference,
)

ADJUSTMENT = Adjustment(exposure=0.25, saturation=-10.0)
"""What the stand-ins report."""


def inverted(pixels: Pixels) -> Pixels:
    """(H, W, 3 or 4) with R, G and B inverted and alpha as it was."""
    white = np.iinfo(pixels.dtype).max if np.issubdtype(pixels.dtype, np.integer) else pixels.dtype.type(1)
    out = pixels.copy()
    np.subtract(white, pixels[..., :3], out=out[..., :3])
    return out


class InvertingPipeline:
    """Stands in for ``raiha.backend.pipeline.pipeline.Pipeline`` where the daemon itself is tested.

    Attributes:
        requests: what it was asked, in order.
        started: set when a job has begun.
        may_finish: a job that has begun goes on only when this is set, or when it is cancelled.
        opened: photos whose files it would have opened.
        releases: how often the weights were released.
    """

    def __init__(self) -> None:
        self.requests: list[HarmonizeRequest] = []
        self.opened: list[Path] = []
        self.started = threading.Event()
        self.may_finish = threading.Event()
        self.may_finish.set()
        self.cancelled_jobs = 0
        self.releases = 0

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        self._begin(request, progress, cancelled)
        progress("applying", 0.5)
        layer = inverted(request.layer)
        if request.mask is not None:
            layer = np.where(request.mask[..., np.newaxis] > 0, layer, request.layer)
        references = tuple(UsedReference(path, 0.5, None, 0.25, b"jpeg") for path in request.references)
        return HarmonizeResult(layer, ADJUSTMENT, 7.5, references, {"applying": 0.25})

    def preview(
        self, request: HarmonizeRequest, side: int, progress: Progress, cancelled: Callable[[], bool]
    ) -> PreviewResult:
        self._begin(request, progress, cancelled)
        before = np.ascontiguousarray(request.layer[:side, :side, :3])
        after = inverted(before)
        references = (UsedReference(Path("chosen.jpg"), None, None, None, b"thumbnail"),)
        mask = np.full(before.shape[:2], 255, np.uint8)
        window = request.view or (0, 0, before.shape[1], before.shape[0])
        return PreviewResult(before, mask, window, ADJUSTMENT, 7.5, references, after, after, before)

    def release(self) -> None:
        self.releases += 1

    def _begin(self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]) -> None:
        self.requests.append(request)
        progress("references", 0.1)
        self.opened += request.references
        progress("network", 0.25)
        self.started.set()
        while not self.may_finish.wait(0.005):
            if cancelled():
                self.cancelled_jobs += 1
                raise Cancelled


class FailingPipeline(InvertingPipeline):
    """Fails with the error given, whatever is to be harmonized."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def harmonize(self, *_: object) -> None:
        raise self.error
