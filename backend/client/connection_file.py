"""The connection file, which says where this user's daemon listens and holds the key that both sides share.

The pictures go to whoever wrote that file, so it counts only if nobody else can have written it.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from . import errors
from .daemon_lock import holds_lock
from .errors import ClientError

CONNECTION_FILE = "raiha-daemon.json"
_LARGEST_FILE = 1 << 16
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Daemon(NamedTuple):
    """The contents of the connection file."""

    protocol: int
    version: str
    pid: int
    endpoint: str
    key: bytes
    log: str


def runtime_folders() -> list[Path]:
    """Return the folders where a daemon of this user may have left its connection file, best first.

    The same as ``raiha.gallery_tools.folders.runtime_folder``, for which an editor's Python lacks platformdirs.
    """
    if os.environ.get("RAIHA_RUNTIME_DIR"):
        return [Path(os.environ["RAIHA_RUNTIME_DIR"])]
    if os.name == "nt":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return [Path(local) / "Temp" / "raiha"]
    if sys.platform == "darwin":
        return [Path.home() / "Library" / "Caches" / "TemporaryItems" / "raiha"]
    import tempfile  # here, for an editor starts sooner without it

    user = os.getuid()
    candidates = [os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{user}", f"/var/run/user/{user}"]
    candidates.append(f"{tempfile.gettempdir()}/runtime-{user}")
    return [Path(folder) / "raiha" for folder in candidates if folder]


def find_daemon(runtime_folder: str | Path | None = None) -> Daemon | None:
    """Return the daemon of the connection file, or None if there is no such file.

    Raises:
        ClientError: ``damaged-connection-file``; ``foreign-connection-file``, somebody else can have written it.
    """
    for folder in _folders(runtime_folder):
        try:
            return _parse(_read(folder))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise errors.damaged_file(folder / CONNECTION_FILE, error) from error
    return None


def is_gone(daemon: Daemon, runtime_folder: str | Path | None) -> bool:
    """Whether the daemon of the connection file has surely ended: nobody holds its lock."""
    return _lock_of(daemon, runtime_folder) is False


def is_unproven(daemon: Daemon, runtime_folder: str | Path | None) -> bool:
    """Whether no lock shows that the daemon lives, so that whoever has its port may be another program."""
    return _lock_of(daemon, runtime_folder) is not True


def _lock_of(daemon: Daemon, runtime_folder: str | Path | None) -> bool | None:
    for folder in _folders(runtime_folder):
        try:
            if _parse(_read(folder)) == daemon:
                return holds_lock(folder)
        except (ClientError, OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return None


def forget_daemon(daemon: Daemon, runtime_folder: str | Path | None) -> None:
    """Remove the connection file of a daemon that is gone, unless a new daemon has replaced the file."""
    for folder in _folders(runtime_folder):
        try:
            if _parse(_read(folder)) == daemon:
                (folder / CONNECTION_FILE).unlink()
        except (ClientError, OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def private_folder(folder: Path) -> Path:
    """Make a folder for this user only, with its parents, and return it.

    Raises:
        ClientError: ``foreign-connection-file``, somebody else can write to it.
        OSError: it cannot be made.
    """
    for new in (folder.parent, folder):
        new.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_owner(folder, folder.stat())
    return folder


def _folders(runtime_folder: str | Path | None) -> list[Path]:
    return runtime_folders() if runtime_folder is None else [Path(runtime_folder)]


def _read(folder: Path) -> bytes:
    """Return the connection file's bytes. What is checked is what is open, so nobody can swap it in between."""
    path = folder / CONNECTION_FILE
    if os.name == "nt":
        # The user's own temporary folder, which Windows closes to other users.
        return path.read_bytes()
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # A named pipe in place of the file must not hold up the editor.
        descriptor = os.open(CONNECTION_FILE, os.O_RDONLY | os.O_NONBLOCK, dir_fd=directory)
        try:
            _check_owner(folder, os.fstat(directory))
            _check_owner(path, os.fstat(descriptor))
            return os.read(descriptor, _LARGEST_FILE)
        finally:
            os.close(descriptor)
    finally:
        os.close(directory)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if os.name == "nt":
        return
    if found.st_uid != os.geteuid():
        raise errors.foreign_file(path, "it belongs to another user")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise errors.foreign_file(path, "other users can write to it")


def _parse(text: bytes) -> Daemon:
    fields = json.loads(text)
    daemon = Daemon(
        protocol=int(fields["protocol"]),
        version=str(fields["version"]),
        pid=int(fields["pid"]),
        endpoint=str(fields["endpoint"]),
        key=bytes.fromhex(fields["key"]),
        log=str(fields["log"]),
    )
    kind, separator, address = daemon.endpoint.partition("://")
    port = address.rpartition(":")[2]
    if kind != "tcp" or not separator or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("its endpoint is not a TCP address")
    if not 16 <= len(daemon.key) <= 64:
        raise ValueError("its key has a wrong length")
    return daemon
