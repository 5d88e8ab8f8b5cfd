"""Fixtures that all tests share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inverting_pipeline import InvertingPipeline

from raiha.backend.client.raiha_client import Client
from raiha.backend.daemon.connection import Connection
from raiha.backend.daemon.jobs import PipelineLike
from raiha.backend.daemon.server import Server


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps every test away from the user's own galleries and daemon."""
    monkeypatch.setenv("RAIHA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RAIHA_RUNTIME_DIR", str(tmp_path / "runtime"))


class RunningDaemon:
    """A daemon in a thread of this process.

    Attributes:
        pipeline: what it works with.
        server: the daemon.
        connection: what its connection file says.
    """

    def __init__(self, pipeline: PipelineLike, **options: Any) -> None:
        self.pipeline = pipeline
        self.server = Server(lambda: pipeline, **options)
        self.failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daemon-under-test")
        self._thread.start()
        self._ready.wait()
        if self.failure is not None:
            raise self.failure

    def connect(self) -> Client:
        """A client that has said hello."""
        return Client.connect(name="test")

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self.server.stop()
        self.wait()

    def wait(self) -> None:
        """Returns when the daemon has ended by itself."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self.server.run(self._announce)
        except BaseException as error:
            self.failure = error
        finally:
            self._ready.set()

    def _announce(self, connection: Connection) -> None:
        self.connection = connection
        self._ready.set()


@pytest.fixture
def start_daemon() -> Iterator[Callable[..., RunningDaemon]]:
    """Starts a daemon with the pipeline given (or one that inverts) and the options of ``Server``."""
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
    """A running daemon with a pipeline that inverts."""
    return start_daemon()
