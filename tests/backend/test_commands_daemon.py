"""`raiha serve`, `raiha status`, `raiha stop`, and what all sub-commands have in common."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from running_daemon import RunningDaemon
from typer.testing import CliRunner, Result

from raiha.backend.client.raiha_client import CONNECTION_FILE, Client
from raiha.backend.commands import main, status
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.folders import runtime_folder

RAIHA = [sys.executable, "-m", "raiha.backend.commands.main"]


def raiha(*arguments: str) -> Result:
    return CliRunner().invoke(main.app, arguments)


@pytest.fixture
def served() -> Iterator[subprocess.Popen[str]]:
    """`raiha serve --json`, just started."""
    process = subprocess.Popen([*RAIHA, "serve", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def test_serve_says_where_it_is_and_keeps_the_key_to_itself(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None
    shown = json.loads(served.stdout.readline())
    written = json.loads((runtime_folder() / CONNECTION_FILE).read_text())
    key = written.pop("key")
    assert shown == written and shown["pid"] == served.pid
    with Client.connect() as client:
        assert client.hello["version"] == shown["version"]
    assert json.loads(raiha("status", "--json").stdout)["pid"] == served.pid
    assert json.loads(raiha("stop", "--json").stdout) == {"stopped": True, "pid": served.pid}
    out, err = served.communicate()
    assert served.returncode == 0 and out == "" and "Traceback" not in err and key not in err
    assert raiha("status").exit_code == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_ends_serve_without_a_traceback(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None and served.stdout.readline()
    served.send_signal(signal.SIGINT)
    _, err = served.communicate()
    assert served.returncode == 0 and "Traceback" not in err
    assert not (runtime_folder() / CONNECTION_FILE).exists()


def test_serve_on_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        told = subprocess.run([*RAIHA, "serve", "--port", port], capture_output=True, text=True)
        as_json = subprocess.run([*RAIHA, "serve", "--port", port, "--json"], capture_output=True, text=True)
    assert told.returncode == 1 and told.stdout == ""
    assert f"cannot listen on port {port}" in told.stderr and "--port" in told.stderr
    assert json.loads(as_json.stdout)["error"]["code"] == "port-taken"


def test_serve_on_a_port_of_ones_choice_and_a_second_one(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None and served.stdout.readline()
    second = subprocess.run([*RAIHA, "serve", "--json"], capture_output=True, text=True)
    assert second.returncode == 1
    error = json.loads(second.stdout)["error"]
    assert error["code"] == "already-running" and str(served.pid) in error["sentence"]


@pytest.mark.parametrize(
    "arguments", [["serve", "--port", "70000"], ["serve", "--port", "x"], ["dance"], ["stop", "-z"]]
)
def test_wrong_usage_has_exit_status_2(arguments: list[str]) -> None:
    assert raiha(*arguments).exit_code == 2


def test_status_and_stop_without_a_daemon() -> None:
    told = raiha("status")
    assert told.exit_code == 1 and "is not running. Start it with `raiha serve`." in told.stdout
    assert json.loads(raiha("status", "--json").stdout) == {"running": False}
    stopped = raiha("stop", "--json")
    assert stopped.exit_code == 0 and json.loads(stopped.stdout) == {"stopped": False}


def test_status_of_a_running_daemon(daemon: RunningDaemon) -> None:
    found = json.loads(raiha("status", "--json").stdout)
    assert found["running"] and found["pid"] == os.getpid() and found["queue"] == 0
    assert "idle, 0 jobs waiting" in raiha("status").stdout


def test_status_and_stop_with_a_damaged_connection_file() -> None:
    (runtime_folder() / CONNECTION_FILE).write_text("{")
    for command in ("status", "stop"):
        told = raiha(command, "--json")
        assert told.exit_code == 1
        assert json.loads(told.stdout)["error"]["code"] == "damaged-connection-file"


@pytest.mark.parametrize(
    ("error", "exit_code", "told"),
    [
        (RaihaError("c", "It broke.", "Mend it."), 1, "It broke. Mend it."),
        (RaihaError("c", "It broke.", "Mend it.", exit_status=2), 2, "It broke. Mend it."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_errors_become_sentences(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, exit_code: int, told: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(status.Client, "connect", fail)
    result = raiha("status")
    assert result.exit_code == exit_code and told in result.stderr and result.stdout == ""
    assert json.loads(raiha("status", "--json").stdout)["error"]["sentence"] in told


def test_version_and_help_by_example() -> None:
    assert raiha("--version").stdout.startswith("raiha 0.")
    for command in ("serve", "status", "stop"):
        assert f"raiha {command}" in raiha(command, "--help").stdout.split("Examples:")[1]


def test_help_loads_nothing_heavy() -> None:
    heavy = "('torch', 'timm', 'faiss', 'zmq')"
    show = f"import sys, raiha.backend.commands.main; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"
