"""A daemon in a thread of the tests' own process."""

from __future__ import annotations

import threading
from typing import Any

from raiha.backend.client.raiha_client import Client
from raiha.backend.daemon.connection import Connection
from raiha.backend.daemon.jobs import PipelineLike
from raiha.backend.daemon.server import Server


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
        """Return a connected client."""
        return Client.connect(name="test")

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self.server.stop()
        self.wait()

    def wait(self) -> None:
        """Wait until the daemon has ended by itself."""
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
