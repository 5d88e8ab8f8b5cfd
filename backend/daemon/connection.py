"""The connection file that tells clients where the daemon is, and the lock that lets only one daemon run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from raiha.backend.client.daemon_lock import LOCK_FILE
from raiha.backend.client.raiha_client import CONNECTION_FILE, PROTOCOL, ClientError, find_daemon
from raiha.gallery_tools.errors import RaihaError

_LOCK_SECONDS = 0.5
"""A client that tries the lock holds it for a moment."""


@dataclass(frozen=True)
class Connection:
    """The contents of the connection file.

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
        """Return the object that the connection file holds."""
        return {
            "protocol": PROTOCOL,
            "version": self.version,
            "pid": self.pid,
            "endpoint": self.endpoint,
            "key": self.key.hex(),
            "log": str(self.log),
        }


class RuntimeFolder:
    """The folder of the one daemon that may run in it: its lock and its connection file.

    The system frees the lock when the process dies. Cleaners of old files may take the folder away at any time; then
    it is made again, unless another daemon has taken its place.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder; ``enter`` takes its lock."""
        self._folder = folder
        self._lock: FileLock | None = None
        self._inode = -1

    def __enter__(self) -> RuntimeFolder:
        """Take the lock.

        Raises:
            RaihaError: ``already-running`` or ``folder-unusable``.
        """
        self._take_lock()
        return self

    def __exit__(self, *_: object) -> None:
        """Give the lock back."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._lock.release()

    def announce(self, connection: Connection) -> None:
        """Write the connection file, readable by this user only, at one stroke.

        Raises:
            OSError: it cannot be written.
        """
        path = self._folder / CONNECTION_FILE
        temporary = self._folder / f"{CONNECTION_FILE}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(connection.to_json(), file)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def mend(self, connection: Connection) -> None:
        """Put the folder, the lock and the connection file back if they are gone.

        Raises:
            RaihaError: ``already-running``: another daemon has taken the place.
            OSError: they cannot be put back just now.
        """
        if self._has_lock_file() and self.announces(connection):
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._has_lock_file():
            self._take_lock()
        self.announce(connection)

    def announces(self, connection: Connection) -> bool:
        """Whether the connection file is there and is this daemon's."""
        try:
            found = json.loads((self._folder / CONNECTION_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return bool(found == connection.to_json())

    def withdraw(self, connection: Connection) -> None:
        """Remove the connection file if it is this daemon's."""
        if self.announces(connection):
            with contextlib.suppress(OSError):
                (self._folder / CONNECTION_FILE).unlink(missing_ok=True)

    def _has_lock_file(self) -> bool:
        try:
            return (self._folder / LOCK_FILE).stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _take_lock(self) -> None:
        _require_own_folder(self._folder)
        lock = FileLock(self._folder / LOCK_FILE, timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except Timeout as error:
            raise _already_running(self._folder) from error
        former, self._lock = self._lock, lock
        self._inode = (self._folder / LOCK_FILE).stat().st_ino
        if former is not None:  # of a file that is no longer in the folder
            with contextlib.suppress(OSError):
                former.release()


def _require_own_folder(folder: Path) -> None:
    """Close the folder to other users; refuse one that they share, such as /tmp."""
    if hasattr(os, "geteuid"):
        status = folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & stat.S_ISVTX:
            raise RaihaError(
                "folder-unusable",
                f"{folder} is not a folder of your own, so the key of the daemon would not be safe in it.",
                "Name a folder that only you use in RAIHA_RUNTIME_DIR.",
            )
    folder.chmod(0o700)


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
