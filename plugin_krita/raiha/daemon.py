"""Finding the daemon, or starting it with the command that ``raiha install-plugin`` recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from . import raiha_client
from .kinds import Stage

RECORD = Path(__file__).with_name("raiha_daemon.json")


def recorded() -> dict[str, Any]:
    """Return what the installation recorded; empty: nothing."""
    try:
        record = json.loads(RECORD.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def connection(client_name: str) -> Generator[Stage, None, raiha_client.Client]:
    """Connect to the daemon, start it when there is none; yields until it answers.

    Raises:
        raiha_client.ClientError: as ``raiha_client.ensure_daemon``.
    """
    record = recorded()
    given_up = threading.Event()
    outcome: list[Any] = []

    def connect() -> None:
        try:
            client = _connect(record, client_name, given_up.is_set)
        except Exception as error:  # whatever it is, it is raised where somebody shows it
            outcome.append(error)
            return
        outcome.append(client)
        if given_up.is_set():
            client.close()

    thread = threading.Thread(target=connect, name="raiha-connect", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            yield "starting", 0.0
    finally:
        given_up.set()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _connect(record: dict[str, Any], client_name: str, is_given_up: Callable[[], bool]) -> raiha_client.Client:
    return raiha_client.ensure_daemon(
        record.get("command"),
        on_wait=lambda seconds: not is_given_up(),
        name=client_name,
    )
