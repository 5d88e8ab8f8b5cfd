"""The way to the daemon, with real daemons."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import connection
import pytest
from connection import Connection
from raiha_client import Client, ClientError

SERVE = Path(__file__).resolve().parents[1] / "serve_inverting.py"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "raiha_daemon.json"
    monkeypatch.setattr(connection, "RECORD", path)
    return path


def test_a_running_daemon_is_used(daemon: Any, record: Path) -> None:
    waits: list[None] = []
    link = Connection("gimp test")
    client = link.wait(lambda: waits.append(None))
    assert client.status()["pid"] == daemon.connection.pid
    assert link.poll() is client
    link.close()


def test_no_daemon_and_no_way_to_start_one(record: Path) -> None:
    with pytest.raises(ClientError) as caught:
        Connection("gimp test").wait(lambda: None)
    assert caught.value.code == "no-daemon"


@pytest.mark.parametrize("text", ["", "[]", "{broken", '"serve"'])
def test_a_damaged_record_is_no_record(record: Path, text: str) -> None:
    record.write_text(text)
    with pytest.raises(ClientError) as caught:
        Connection("gimp test").wait(lambda: None)
    assert caught.value.code == "no-daemon"


def test_a_daemon_is_started_as_recorded(record: Path) -> None:
    record.write_text(json.dumps({"command": [sys.executable, str(SERVE)], "version": "0"}))
    link = Connection("gimp test")
    client = link.wait(lambda: None)
    assert client.status()["pid"] == client.daemon.pid
    client.stop_daemon()
    link.close()


def test_after_a_failure_the_next_try_connects_anew(record: Path, start_daemon: Callable[[], Any]) -> None:
    link = Connection("gimp test")
    with pytest.raises(ClientError):
        link.wait(lambda: None)
    start_daemon()
    first = link.wait(lambda: None)
    link.reset()
    assert isinstance(first, Client)
    assert link.wait(lambda: None) is not first
    link.close()
