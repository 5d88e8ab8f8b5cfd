"""The way to the daemon: connects, or starts one, in a thread, so that GIMP's windows stay alive."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raiha_client import Client, ClientError, ensure_daemon

RECORD = Path(__file__).with_name("raiha_daemon.json")
"""How to start a daemon and where it meets its clients; ``raiha install-plugin gimp`` writes it."""

_PAUSE = 0.02


class Connection:
    """A connection that is made when it is first needed, and again after a failure."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._client: Client | None = None
        self._error: ClientError | None = None
        self._given_up = False

    def poll(self) -> Client | None:
        """Return the client, or None while it is being connected; never waits.

        Raises:
            ClientError: there is no daemon and none could be started; the next call tries again.
        """
        if self._client is None and self._thread is None:
            self._thread = threading.Thread(target=self._connect, daemon=True)
            self._thread.start()
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            if self._error is not None:
                error, self._error = self._error, None
                raise error
        return self._client if self._thread is None else None

    def wait(self, on_wait: Callable[[], None]) -> Client:
        """Return the client once it is there; ``on_wait`` is called meanwhile. Raises as :meth:`poll`."""
        while (client := self.poll()) is None:
            on_wait()
            time.sleep(_PAUSE)
        return client

    def reset(self) -> None:
        """Close what is open, so that the next use connects anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """Give up connecting and close what is open; the daemon ends the jobs of a client that has gone."""
        self._given_up = True
        self.reset()

    def _connect(self) -> None:
        try:
            record = _recorded()
            self._client = ensure_daemon(
                record.get("command"),
                on_wait=lambda waited: not self._given_up,
                runtime_folder=record.get("runtime_folder"),
                name=self._name,
            )
        except ClientError as error:
            self._error = error


def _recorded() -> dict[str, Any]:
    try:
        record = json.loads(RECORD.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
