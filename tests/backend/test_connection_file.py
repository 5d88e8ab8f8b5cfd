"""Whose connection file is trusted: only one that nobody but this user can have written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from typer.testing import CliRunner

from raiha.backend.client.raiha_client import (
    CONNECTION_FILE,
    PROTOCOL,
    Client,
    ClientError,
    ensure_daemon,
    find_daemon,
    start_log,
)
from raiha.backend.commands import main
from raiha.gallery_tools.folders import runtime_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows closes the user's temporary folder to other users")

OTHER_USER = 54321


@pytest.fixture
def listener() -> Iterator[zmq.Socket[bytes]]:
    """Return a stranger's program that waits for pictures where the connection file leads."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    yield router
    router.close(linger=0)
    context.term()


@pytest.fixture
def file(listener: zmq.Socket[bytes]) -> Path:
    """Return a connection file that leads to the listener."""
    port = listener.bind_to_random_port("tcp://127.0.0.1")
    fields = {
        "protocol": PROTOCOL,
        "version": "0.1.0",
        "pid": 4,
        "endpoint": f"tcp://127.0.0.1:{port}",
        "key": "00" * 32,
    }
    path = runtime_folder() / CONNECTION_FILE
    path.write_text(json.dumps({**fields, "log": "/the/log"}))
    path.chmod(0o600)
    return path


def refused(action: Callable[[], Any], path: Path, why: str) -> None:
    with pytest.raises(ClientError) as caught:
        action()
    assert caught.value.code == "foreign-connection-file"
    assert f"{path} because {why}" in caught.value.sentence
    assert "RAIHA_RUNTIME_DIR" in caught.value.remedy


def test_this_users_own_file_is_trusted(file: Path) -> None:
    assert find_daemon() is not None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(file: Path, listener: zmq.Socket[bytes], mode: int) -> None:
    file.chmod(mode)
    refused(Client.connect, file, "other users can write to it")
    assert listener.poll(100) == 0


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_is_refused(file: Path, listener: zmq.Socket[bytes], mode: int) -> None:
    file.parent.chmod(mode)
    refused(Client.connect, file.parent, "other users can write to it")
    assert listener.poll(100) == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", ["file", "folder"])
def test_what_belongs_to_another_user_is_refused(file: Path, listener: zmq.Socket[bytes], place: str) -> None:
    path = file if place == "file" else file.parent
    os.chown(path, OTHER_USER, OTHER_USER)
    refused(Client.connect, path, "it belongs to another user")
    assert listener.poll(100) == 0


def test_this_users_files_are_refused_by_everybody_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: OTHER_USER)
    refused(Client.connect, file.parent, "it belongs to another user")


def test_a_file_of_others_is_not_replaced_by_a_daemon_of_ours(file: Path) -> None:
    file.chmod(0o666)
    refused(lambda: ensure_daemon([sys.executable, "-c", "raise SystemExit(3)"]), file, "other users can write to it")
    assert file.exists() and not start_log().exists()


def test_no_daemon_is_started_in_a_folder_of_others(tmp_path: Path) -> None:
    folder = runtime_folder()
    folder.chmod(0o777)
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    start_log().symlink_to(precious)
    refused(lambda: ensure_daemon([sys.executable, "-c", ""]), folder, "other users can write to it")
    assert precious.read_text() == "keep me"


def test_a_pipe_in_place_of_the_file_does_not_hold_up_the_editor() -> None:
    os.mkfifo(runtime_folder() / CONNECTION_FILE, 0o600)
    with pytest.raises(ClientError) as caught:
        find_daemon()
    assert caught.value.code == "damaged-connection-file"


@pytest.mark.parametrize("command", ["status", "stop", "doctor"])
def test_every_command_refuses_it(file: Path, listener: zmq.Socket[bytes], command: str) -> None:
    file.chmod(0o666)
    result = CliRunner().invoke(main.app, [command])
    assert result.exit_code == 1
    assert "does not trust" in result.output
    assert listener.poll(100) == 0
