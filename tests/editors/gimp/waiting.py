"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from backend.client.raiha_client import Client

PAUSE = 0.1


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not condition():
        time.sleep(PAUSE)


def is_busy(runtime: Path) -> bool:
    """Return whether the daemon has a job."""
    with Client.connect(runtime, name="test") as client:
        return bool(client.status()["busy"])
