"""Daemons as processes of their own: killed, ended by signals, started twice, started by a client."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from client_jobs import finish, noise, send

from raiha.backend.client.daemon_lock import holds_lock
from raiha.backend.client.raiha_client import (
    CONNECTION_FILE,
    Client,
    ClientError,
    ensure_daemon,
    find_daemon,
    start_daemon,
)
from raiha.gallery_tools.folders import runtime_folder

TESTS = Path(__file__).parents[1]
SERVE = [sys.executable, str(TESTS / "serve_inverting.py")]
CLIENT = """
import sys
from client_jobs import noise, send
from raiha.backend.client.raiha_client import Client
client = Client.connect()
job = send(client)
while job.progress[0] != "network":
    job.poll(0.1)
print("working", flush=True)
sys.stdin.read()
"""

StartProcess = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def repository_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [str(TESTS.parent), str(TESTS), str(TESTS / "backend")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """Start a program that prints a line when it is ready."""
    processes: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        processes.append(process)
        assert process.stdout is not None and process.stdout.readline()
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_connection_file_is_for_this_user_only(start_process: StartProcess) -> None:
    start_process(*SERVE)
    folder = runtime_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / CONNECTION_FILE).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_and_takes_the_file_away(start_process: StartProcess, which: int) -> None:
    daemon = start_process(*SERVE, "hold")
    with Client.connect() as client:
        job = send(client)
        while job.progress[0] != "network":
            job.poll(0.1)
        daemon.send_signal(which)
        assert daemon.wait() == 0
        assert finish(job).error.code == "stopped"
    assert not (runtime_folder() / CONNECTION_FILE).exists()


def test_a_second_daemon_is_refused_and_the_first_goes_on(start_process: StartProcess) -> None:
    first = start_process(*SERVE)
    second = subprocess.run(SERVE, capture_output=True, text=True)
    assert second.returncode != 0
    assert f"A Raiha daemon is already running (process {first.pid})." in second.stderr
    with Client.connect() as client:
        assert client.status()["pid"] == first.pid


def test_a_daemon_killed_during_a_job_is_told_at_once_and_leaves_no_trouble(start_process: StartProcess) -> None:
    daemon = start_process(*SERVE, "hold")
    with Client.connect() as client:
        job = send(client)
        while job.progress[0] != "network":
            job.poll(0.1)
        daemon.kill()
        error = finish(job).error
    assert error is not None and error.code == "connection-closed"
    assert "Your picture is unchanged." in error.remedy and error.log_path
    # What it left behind is stale: a client says so and takes it away, and a new daemon starts.
    assert (runtime_folder() / CONNECTION_FILE).exists()
    with pytest.raises(ClientError) as caught:
        Client.connect()
    assert caught.value.code == "no-daemon"
    assert not (runtime_folder() / CONNECTION_FILE).exists()
    start_process(*SERVE)
    with Client.connect() as client:
        assert finish(send(client)).state == "done"


def test_a_client_killed_during_its_job_has_it_cancelled(start_process: StartProcess) -> None:
    start_process(*SERVE, "hold")
    client_process = start_process(sys.executable, "-c", CLIENT)
    with Client.connect() as watcher:
        assert watcher.status()["busy"]
        client_process.kill()
        while watcher.status()["busy"]:
            pass


def test_ensure_daemon_starts_one_waits_for_it_and_finds_it_again() -> None:
    waits: list[float] = []
    with ensure_daemon(SERVE, waits.append) as client:
        pid = client.status()["pid"]
        assert waits == sorted(waits) and len(waits) > 0
        with ensure_daemon(["there is no such program"]) as again:
            assert again.status()["pid"] == pid
        assert finish(send(client, noise(5, 5))).state == "done"
        client.stop_daemon()
    os.waitpid(pid, 0)
    assert find_daemon() is None


def test_ensure_daemon_takes_the_place_of_a_dead_one(start_process: StartProcess) -> None:
    start_process(*SERVE).kill()
    with ensure_daemon(SERVE) as client:
        pid = client.status()["pid"]
        client.stop_daemon()
    os.waitpid(pid, 0)


def test_a_connection_file_that_was_deleted_comes_back(start_process: StartProcess) -> None:
    daemon = start_process(*SERVE)
    path = runtime_folder() / CONNECTION_FILE
    before = json.loads(path.read_text())
    path.unlink()
    while not path.exists():
        assert daemon.poll() is None
    assert json.loads(path.read_text()) == before


def test_a_runtime_folder_that_was_cleaned_away_comes_back_with_its_lock(start_process: StartProcess) -> None:
    daemon = start_process(*SERVE)
    path = runtime_folder() / CONNECTION_FILE
    before = json.loads(path.read_text())
    shutil.rmtree(path.parent)
    while not path.exists():
        assert daemon.poll() is None
    assert json.loads(path.read_text()) == before
    assert holds_lock(path.parent)
    assert "already running" in subprocess.run(SERVE, capture_output=True, text=True).stderr
    with Client.connect() as client:
        assert finish(send(client)).state == "done"


def test_a_daemon_whose_place_was_taken_ends(start_process: StartProcess) -> None:
    first = start_process(*SERVE)
    first.send_signal(signal.SIGSTOP)
    shutil.rmtree(runtime_folder())
    second = start_process(*SERVE)
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 0
    with Client.connect() as client:
        assert client.status()["pid"] == second.pid


def test_a_daemon_without_a_free_descriptor_goes_on_when_there_is_one(start_process: StartProcess) -> None:
    daemon = start_process(*SERVE)
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (64, 64))
    port = int(json.loads((runtime_folder() / CONNECTION_FILE).read_text())["endpoint"].rpartition(":")[2])
    with contextlib.ExitStack() as held:
        for _ in range(90):
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_connection(("127.0.0.1", port), 1))
        (runtime_folder() / CONNECTION_FILE).unlink()
        time.sleep(1.5)  # three looks at the connection file, none of which can mend it
        assert daemon.poll() is None
    while not (runtime_folder() / CONNECTION_FILE).exists():
        assert daemon.poll() is None
    with Client.connect() as client:
        assert finish(send(client)).state == "done"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_others_share_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setenv("RAIHA_RUNTIME_DIR", str(shared))
    done = subprocess.run(SERVE, capture_output=True, text=True)
    assert "not a folder of your own" in done.stderr
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_worker_process_ends_with_the_daemon_also_during_a_job(start_process: StartProcess, which: int) -> None:
    daemon = start_process(*SERVE, "hold", "process")
    with Client.connect() as client:
        job = send(client)
        while job.progress[0] != "network":
            job.poll(0.1)
        worker = psutil.Process(client.status()["worker_pid"])
        daemon.send_signal(which)
        status = daemon.wait()
        assert finish(job).error.code == ("connection-closed" if which == signal.SIGKILL else "stopped")
    assert status == (-signal.SIGKILL if which == signal.SIGKILL else 0)
    worker.wait()


def test_a_daemon_that_a_client_starts_is_told_when_to_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = "import os, sys; print(os.environ['RAIHA_UNUSED_SECONDS'], file=open(sys.argv[1], 'w'))"
    start_daemon([sys.executable, "-c", program, str(tmp_path / "seconds")]).wait()
    assert (tmp_path / "seconds").read_text() == "600\n"
