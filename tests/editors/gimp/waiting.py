"""Waiting for what another process does: never without an end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from raiha.backend.client.raiha_client import Client

PAUSE = 0.1
PATIENCE = float(os.environ.get("RAIHA_TEST_PATIENCE", "180"))
"""Seconds after which something will not happen any more, also on a busy machine."""

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str) -> T:
    """Wait until something is so and return what the condition found.

    Args:
        condition: returns something true once it is so.
        what: the thing that is waited for, for the message when it never comes.
    """
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE:.0f} s in vain for {what}")
        time.sleep(PAUSE)
    return found


def is_busy(runtime: Path) -> bool:
    """Return whether the daemon has a job."""
    with Client.connect(runtime, name="test") as client:
        return bool(client.status()["busy"])
