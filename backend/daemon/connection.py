"""The connection file that tells clients where the daemon is, and the lock that lets only one daemon run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from raiha.backend.client.raiha_client import CONNECTION_FILE, PROTOCOL, ClientError, find_daemon
from raiha.gallery_tools.errors import RaihaError

LOCK_FILE = "raiha-daemon.lock"


@dataclass(frozen=True)
class Connection:
    """What the connection file says.

    Attributes:
        version: of Raiha.
        pid: of the daemon.
        endpoint: e.g. ``tcp://127.0.0.1:40123``.
        key: 32 bytes, known to this user's programs only.
        log: the daemon's log file.
    """

    version: str
    pid: int
    endpoint: str
    key: bytes
    log: Path

    def to_json(self) -> dict[str, Any]:
        """The connection file's object."""
        return {
            "protocol": PROTOCOL,
            "version": self.version,
            "pid": self.pid,
            "endpoint": self.endpoint,
            "key": self.key.hex(),
            "log": str(self.log),
        }


@contextlib.contextmanager
def single_instance(folder: Path) -> Iterator[None]:
    """Holds the lock of the one daemon that may run in ``folder``; the system frees it when the process dies.

    Raises:
        RaihaError: another daemon holds it.
    """
    folder.chmod(0o700)
    try:
        with FileLock(folder / LOCK_FILE, timeout=0):
            yield
    except Timeout as error:
        raise _already_running(folder) from error


def _already_running(folder: Path) -> RaihaError:
    which = ""
    with contextlib.suppress(ClientError):
        daemon = find_daemon(folder)
        which = f" (process {daemon.pid})" if daemon is not None else ""
    return RaihaError(
        "already-running",
        f"A Raiha daemon is already running{which}.",
        "Use that one, or end it with `raiha stop`.",
    )


def write_connection_file(folder: Path, connection: Connection) -> None:
    """Writes the connection file, readable by this user only, at one stroke."""
    path = folder / CONNECTION_FILE
    temporary = folder / f"{CONNECTION_FILE}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(connection.to_json(), file)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def has_connection_file(folder: Path, connection: Connection) -> bool:
    """Whether the connection file is there and says what it should."""
    try:
        found = json.loads((folder / CONNECTION_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == connection.to_json())


def remove_connection_file(folder: Path, connection: Connection) -> None:
    """Removes the connection file if it is this daemon's."""
    if has_connection_file(folder, connection):
        (folder / CONNECTION_FILE).unlink(missing_ok=True)
