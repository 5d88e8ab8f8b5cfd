"""Pipelines that a worker process can be given; it imports them by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from inverting_pipeline import InvertingPipeline

from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult, Progress


class Holding(InvertingPipeline):
    """Begins a job and goes on until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.may_finish.clear()


class Stubborn(InvertingPipeline):
    """Begins a job and does not ask whether it is wanted."""

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        progress("network", 0.5)
        time.sleep(3600)
        raise AssertionError


class Failing(InvertingPipeline):
    """Dies at strength 0.1, has no memory left at 0.2, has a bug at 0.3, and inverts at any other."""

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        if request.strength == 0.1:
            os.kill(os.getpid(), signal.SIGKILL)
        if request.strength == 0.2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1585176 bytes.")
        if request.strength == 0.3:
            raise ZeroDivisionError("a bug")
        return super().harmonize(request, progress, cancelled)
