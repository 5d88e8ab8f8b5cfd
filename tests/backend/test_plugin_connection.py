"""The plug-ins' connection to the daemon, with real daemons."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raiha.backend.client import raiha_plugin
from raiha.backend.client.raiha_client import Client, ClientError
from raiha.backend.client.raiha_plugin import Connection

SERVE = Path(__file__).resolve().parents[1] / "serve_inverting.py"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "raiha_daemon.json"
    monkeypatch.setattr(raiha_plugin, "RECORD", path)
    return path


def wait(connection: Connection) -> Client:
    while (client := connection.poll()) is None:
        time.sleep(0.005)
    return client


def test_a_running_daemon_is_used(daemon: Any, record: Path) -> None:
    connection = Connection("plug-in under test")
    client = wait(connection)
    assert client.status()["pid"] == daemon.connection.pid
    assert connection.poll() is client
    connection.close()


@pytest.mark.parametrize("text", [None, "", "[]", "{broken", '"serve"'])
def test_without_a_daemon_and_a_readable_record_there_is_no_connection(record: Path, text: str | None) -> None:
    if text is not None:
        record.write_text(text)
    with pytest.raises(ClientError) as caught:
        wait(Connection("plug-in under test"))
    assert caught.value.code == "no-daemon"


def test_a_daemon_is_started_as_recorded(record: Path) -> None:
    record.write_text(json.dumps({"command": [sys.executable, str(SERVE)], "version": "0"}))
    connection = Connection("plug-in under test")
    client = wait(connection)
    assert client.status()["pid"] == client.daemon.pid
    client.stop_daemon()
    connection.close()


def test_a_daemon_meets_the_plugin_in_the_recorded_folder(record: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    command = [sys.executable, str(SERVE)]
    record.write_text(json.dumps({"command": command, "runtime_folder": str(folder)}))
    connection = Connection("plug-in under test")
    wait(connection).stop_daemon()
    connection.close()
    assert (folder / "raiha-daemon-start.log").is_file()


def test_after_a_failure_the_next_try_connects_anew(record: Path, start_daemon: Callable[[], Any]) -> None:
    connection = Connection("plug-in under test")
    with pytest.raises(ClientError):
        wait(connection)
    start_daemon()
    first = wait(connection)
    connection.reset()
    assert wait(connection) is not first
    connection.close()


def test_closing_gives_up_a_daemon_that_does_not_start(record: Path) -> None:
    record.write_text(json.dumps({"command": [sys.executable, "-c", "import time; time.sleep(3)"]}))
    connection = Connection("plug-in under test")
    assert connection.poll() is None
    connection.close()
    with pytest.raises(ClientError) as caught:
        wait(connection)
    assert caught.value.code == "cancelled"


def test_a_defect_in_the_thread_is_raised_where_it_can_be_shown(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Client:
        raise ZeroDivisionError

    monkeypatch.setattr(raiha_plugin, "ensure_daemon", fail)
    with pytest.raises(ZeroDivisionError):
        wait(Connection("plug-in under test"))
