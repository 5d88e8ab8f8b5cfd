"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from inverting_pipeline import InvertingPipeline
from running_daemon import RunningDaemon

from raiha.backend.daemon.jobs import PipelineLike

# A busy machine is no fault of the code that is tested: neither an example nor its making has a time limit. Fixtures
# are made once for all examples of a test; each example takes files of its own.
_UNCHECKED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("raiha", deadline=None, suppress_health_check=_UNCHECKED)
settings.load_profile("raiha")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's own galleries and daemon."""
    monkeypatch.setenv("RAIHA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RAIHA_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def start_daemon() -> Iterator[Callable[..., RunningDaemon]]:
    """Start a daemon with the pipeline given (or one that inverts) and the options of ``Server``."""
    running: list[RunningDaemon] = []

    def start(pipeline: PipelineLike | None = None, **options: Any) -> RunningDaemon:
        running.append(RunningDaemon(pipeline or InvertingPipeline(), **options))
        return running[-1]

    yield start
    for daemon in running:
        if isinstance(daemon.pipeline, InvertingPipeline):
            daemon.pipeline.may_finish.set()
        daemon.stop()


@pytest.fixture
def daemon(start_daemon: Callable[..., RunningDaemon]) -> RunningDaemon:
    """Return a running daemon with a pipeline that inverts."""
    return start_daemon()
