"""The client: what it needs, what it finds, and its errors."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from client_jobs import finish, frame, noise, send
from filelock import FileLock
from running_daemon import RunningDaemon

from raiha.backend.client import daemon_start, raiha_client, zmtp
from raiha.backend.client.daemon_lock import LOCK_FILE, holds_lock
from raiha.backend.client.raiha_client import (
    CONNECTION_FILE,
    MAGIC,
    PROTOCOL,
    Client,
    ClientError,
    Frame,
    ensure_daemon,
    find_daemon,
    runtime_folders,
    start_log,
)
from raiha.backend.daemon.authentication import seal
from raiha.backend.daemon.server import Limits
from raiha.gallery_tools.folders import runtime_folder

SOURCES = sorted(Path(raiha_client.__file__).parent.glob("*.py"))
KEY = bytes(range(32))


def write_connection_file(**changes: Any) -> Path:
    fields = {"protocol": PROTOCOL, "version": "0.1.0", "pid": 4, "endpoint": "tcp://127.0.0.1:9", "key": KEY.hex()}
    path = runtime_folder() / CONNECTION_FILE
    path.write_text(json.dumps({**fields, "log": "/the/log", **changes}))
    return path


def code_of(action: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        action()
    assert caught.value.sentence and caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_python_3_8_can_read_the_client(source: Path) -> None:
    ast.parse(source.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_client_needs_the_standard_library_and_its_own_folder_only(source: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1
    assert imported <= sys.stdlib_module_names


def test_an_editor_does_not_wait_for_modules_that_are_needed_later() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import client.raiha_client; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code, str(SOURCES[0].parents[1])]
    loaded = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    assert "client.raiha_client" in loaded
    assert not {"subprocess", "tempfile", "secrets", "concurrent.futures"} & set(loaded)


def test_it_looks_where_the_daemon_puts_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert runtime_folders() == [runtime_folder()]
    monkeypatch.delenv("RAIHA_RUNTIME_DIR")
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert runtime_folder() in runtime_folders()


def test_no_daemon() -> None:
    assert find_daemon() is None
    assert code_of(Client.connect) == "no-daemon"
    assert code_of(ensure_daemon) == "no-daemon"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "xyz"},
        {"key": "00"},
        {"key": None},
        {"endpoint": "ipc:///tmp/x"},
        {"endpoint": "tcp://127.0.0.1"},
        {"endpoint": "tcp://127.0.0.1:99999"},
        {"pid": "many"},
        {"protocol": []},
    ],
)
def test_a_damaged_connection_file(changes: dict[str, Any]) -> None:
    write_connection_file(**changes)
    assert code_of(Client.connect) == "damaged-connection-file"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff\xff", b"[" * 100_000])
def test_a_connection_file_that_is_not_one(text: bytes) -> None:
    write_connection_file().write_bytes(text)
    assert code_of(Client.connect) == "damaged-connection-file"


def test_a_daemon_of_another_version() -> None:
    path = write_connection_file(protocol=PROTOCOL + 1, version="9.0")
    with FileLock(path.with_name(LOCK_FILE)), pytest.raises(ClientError, match=r"version 9\.0") as caught:
        ensure_daemon([sys.executable, "-c", "raise SystemExit(3)"])
    assert caught.value.code == "other-version" and caught.value.log_path == "/the/log"


@pytest.mark.parametrize("has_lock_file", [True, False])
def test_a_file_that_a_daemon_of_another_version_left_is_taken_away(has_lock_file: bool) -> None:
    path = write_connection_file(protocol=PROTOCOL - 1)
    if has_lock_file:
        path.with_name(LOCK_FILE).touch()
    assert code_of(Client.connect) == "no-daemon"
    assert not path.exists()


def test_a_file_whose_daemon_is_dead_is_taken_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = write_connection_file(endpoint=f"tcp://127.0.0.1:{port}")
    assert code_of(Client.connect) == "no-daemon"
    assert not path.exists()


def test_a_port_that_another_program_has_now() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            stream, _ = server.accept()
            with stream:
                stream.recv(64)
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        path = write_connection_file(endpoint=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        assert code_of(Client.connect) == "no-daemon"
        thread.join()
    assert not path.exists()


def test_a_port_where_nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmtp, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server, FileLock(runtime_folder() / LOCK_FILE):
        path = write_connection_file(endpoint=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        assert code_of(Client.connect) == "no-answer"
    assert path.exists()


@pytest.mark.parametrize("lock", ["missing", "free"])
@pytest.mark.parametrize("kind", ["silent", "closing", "zeromq"])
def test_a_port_that_another_program_has_now_is_known_by_the_lock(
    monkeypatch: pytest.MonkeyPatch, kind: str, lock: str
) -> None:
    """Whatever that program does with us, nobody holds the daemon's lock; its process id may be anybody's."""
    monkeypatch.setattr(zmtp, "CONNECT_SECONDS", 0.1)
    if lock == "free":
        (runtime_folder() / LOCK_FILE).touch()
    with another_program(kind) as port:
        path = write_connection_file(endpoint=f"tcp://127.0.0.1:{port}", pid=os.getpid())
        assert code_of(Client.connect) == "no-daemon"
    assert not path.exists()


@contextlib.contextmanager
def another_program(kind: str) -> Iterator[int]:
    if kind == "zeromq":
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            yield router.bind_to_random_port("tcp://127.0.0.1")
        return
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_all() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        if kind == "closing":
            threading.Thread(target=close_all, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_lock_is_seen_while_it_is_held_and_left_as_it_was() -> None:
    folder = runtime_folder()
    assert holds_lock(folder) is None
    with FileLock(folder / LOCK_FILE):
        assert holds_lock(folder) is True
    (folder / LOCK_FILE).touch()
    assert holds_lock(folder) is False
    with FileLock(folder / LOCK_FILE, timeout=0):
        assert holds_lock(folder) is True


def test_a_wrong_key(daemon: RunningDaemon) -> None:
    fields = {**daemon.connection.to_json(), "key": os.urandom(32).hex()}
    other = runtime_folder() / "other"
    other.mkdir()
    (other / CONNECTION_FILE).write_text(json.dumps(fields))
    assert code_of(lambda: Client.connect(other)) == "wrong-key"


class FakeDaemon:
    """A ROUTER that says hello as a daemon does, and then answers a harmonize message with ``answer``."""

    def __init__(self, answer: Callable[[str, list[Any]], list[bytes]]) -> None:
        self.answer = answer
        self.context = zmq.Context()
        self.router = self.context.socket(zmq.ROUTER)
        port = self.router.bind_to_random_port("tcp://127.0.0.1")
        write_connection_file(endpoint=f"tcp://127.0.0.1:{port}")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        last: list[bytes] = []
        for _ in range(2):
            peer, *parts = self.router.recv_multipart()
            header = json.loads(parts[3])
            if header["type"] == "hello":
                last = seal(KEY, {"type": "hello", "id": header["id"], "protocol": PROTOCOL})
                self.router.send_multipart([peer, *last])
            else:
                self.router.send_multipart([peer, *self.answer(header["id"], last)])


@pytest.fixture
def fake_daemon() -> Iterator[Callable[..., FakeDaemon]]:
    started: list[FakeDaemon] = []

    def start(answer: Callable[[str, list[Any]], list[bytes]]) -> FakeDaemon:
        started.append(FakeDaemon(answer))
        return started[-1]

    yield start
    for fake in started:
        fake.thread.join()
        fake.router.close(linger=0)
        fake.context.term()


LAYER = {"frame": 0, "shape": [1, 1, 4], "dtype": "uint8", "order": "RGBA"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda job, last: seal(bytes(32), {"type": "result", "id": job}), "wrong-key"),
        (lambda job, last: [*seal(KEY, {"type": "result", "id": job, "layer": LAYER}), b"more"], "wrong-key"),
        (lambda job, last: last, "connection-closed"),
        (lambda job, last: [b"what?"], "connection-closed"),
        (lambda job, last: [MAGIC] * 4, "wrong-key"),
        (lambda job, last: seal(KEY, {"type": "result", "id": job, "layer": LAYER}), "connection-closed"),
        (lambda job, last: seal(KEY, {"type": "result", "id": job, "layer": LAYER}, [b"123"]), "connection-closed"),
        (lambda job, last: seal(KEY, {"id": job}), "connection-closed"),
        (
            lambda job, last: seal(KEY, {"type": "error", "id": None, "code": "c", "sentence": "s", "remedy": "r"}),
            "c",
        ),
    ],
    ids=[
        "other-key",
        "tampered",
        "replay",
        "nonsense",
        "unsealed",
        "no-frame",
        "short-frame",
        "no-type",
        "error-without-id",
    ],
)
def test_answers_that_cannot_be_believed(
    fake_daemon: Callable[..., FakeDaemon], answer: Callable[[str, list[Any]], list[bytes]], code: str
) -> None:
    fake_daemon(answer)
    with Client.connect() as client:
        error = finish(send(client)).error
    assert error is not None and error.code == code


def test_a_layer_larger_than_the_daemon_takes(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(frame_bytes=1000))
    with daemon.connect() as client:
        assert code_of(lambda: send(client)) == "frame-too-large"
        assert client.status()["queue"] == 0


def test_heartbeats_are_answered_while_nothing_else_happens(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(heartbeat_seconds=0.02, silence_seconds=0.3))
    with daemon.connect() as client, daemon.connect() as other:
        while other.status()["uptime_s"] < 0.8:
            pass
        assert finish(send(client)).state == "done"


def test_polling_does_not_wait(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client:
        job = send(client)
        polls = 0
        while polls < 1000:
            job.poll()
            polls += 1
        assert not job.finished
        job.cancel()
        assert finish(job).state == "cancelled"


def test_a_closed_client_fails_its_jobs_and_takes_no_more(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    client = daemon.connect()
    job = send(client)
    client.close()
    assert finish(job).error.code == "closed"
    assert code_of(lambda: send(client)) == "closed"


@pytest.mark.parametrize(
    "frame_of",
    [
        lambda: Frame(bytes(11), 2, 2, "RGB"),
        lambda: Frame(bytes(12), 2, 2, "CMYK"),
        lambda: Frame(bytes(12), 2, 2, "RGB", "int8"),
        lambda: Frame(b"", 0, 2, "RGB"),
    ],
)
def test_frames_that_are_none(frame_of: Callable[[], Frame]) -> None:
    with pytest.raises(ValueError):
        frame_of()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_a_frame(daemon: RunningDaemon, kind: Callable[[bytes], Any]) -> None:
    with daemon.connect() as client:
        layer = Frame(kind(bytes(16)), 2, 2)
        result = client.harmonize(layer, frame(noise(3, 3))).wait()
    assert result is not None and result.layer is not None
    assert bytes(result.layer.data) == b"\xff\xff\xff\0" * 4
    assert isinstance(result.layer.data, bytearray)


def test_a_daemon_that_cannot_be_started() -> None:
    assert code_of(lambda: ensure_daemon([str(runtime_folder() / "no-such-python")])) == "cannot-start"


def test_a_daemon_that_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_start, "SECOND_CHANCE_SECONDS", 0.1)
    with pytest.raises(ClientError, match="No module named torch") as caught:
        ensure_daemon([sys.executable, "-c", "print('No module named torch'); raise SystemExit(3)"])
    assert caught.value.code == "not-started"
    assert "exit status 3" in caught.value.sentence
    assert caught.value.log_path == str(start_log())


def test_waiting_for_a_daemon_can_be_given_up() -> None:
    waits: list[float] = []

    def on_wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) < 3

    sleeper = [sys.executable, "-c", "import time; time.sleep(1)"]
    assert code_of(lambda: ensure_daemon(sleeper, on_wait)) == "cancelled"
    assert len(waits) == 3


def test_the_daemon_does_not_inherit_the_editors_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_start, "SECOND_CHANCE_SECONDS", 0.1)
    monkeypatch.setenv("PYTHONHOME", "/the/editor")
    monkeypatch.setenv("PYTHONPATH", "/the/editor/lib")
    show = "import os; print([name for name in ('PYTHONHOME', 'PYTHONPATH') if name in os.environ])"
    assert code_of(lambda: ensure_daemon([sys.executable, "-c", show])) == "not-started"
    assert start_log().read_text().strip() == "[]"
