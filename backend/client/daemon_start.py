"""Starting a daemon from inside an editor and waiting until it listens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import errors
from .client import Client
from .connection_file import private_folder, runtime_folders
from .errors import ClientError

if TYPE_CHECKING:
    import subprocess

START_LOG = "raiha-daemon-start.log"
SECOND_CHANCE_SECONDS = 3.0
UNUSED_SECONDS = "600"
"""After the last client has gone, until a daemon ends that was started here; `raiha serve --unused-seconds`."""
_CURED_BY_START = ("no-daemon", "damaged-connection-file", "wrong-key")
"""A living daemon mends its connection file twice a second, so these codes mean that there is none."""


def ensure_daemon(
    command: Sequence[str] | None = None,
    on_wait: Callable[[float], Any] | None = None,
    runtime_folder: str | Path | None = None,
    name: str = "raiha_client",
    seconds: float = 60.0,
) -> Client:
    """Connect to the running daemon, or start one and connect to it.

    Args:
        command: how to start a daemon; None: only connect.
        on_wait: called about every 50 ms with the seconds waited so far; returning False gives up.
        runtime_folder: as for :meth:`Client.connect`.
        name: as for :meth:`Client.connect`.
        seconds: how long a daemon may take to start.

    Raises:
        ClientError: as :meth:`Client.connect`; ``cannot-start``, ``not-started``, ``cancelled``.
    """
    try:
        return Client.connect(runtime_folder, name)
    except ClientError as error:
        if command is None or error.code not in _CURED_BY_START:
            raise
    process = start_daemon(command, runtime_folder)
    begin = time.monotonic()
    ended: float | None = None
    while True:
        waited = time.monotonic() - begin
        if on_wait is not None and on_wait(waited) is False:
            raise errors.start_cancelled()
        time.sleep(0.05)
        try:
            return Client.connect(runtime_folder, name)
        except ClientError as error:
            if error.code not in _CURED_BY_START:
                raise
        if ended is None and process.poll() is not None:
            ended = waited
        # It may have ended because another editor's daemon is just starting: that one gets a moment.
        if waited > seconds or (ended is not None and waited > ended + SECOND_CHANCE_SECONDS):
            log = start_log(runtime_folder)
            raise errors.not_started(process.poll(), _last_line(log), log)


def start_daemon(command: Sequence[str], runtime_folder: str | Path | None = None) -> subprocess.Popen[bytes]:
    """Start a daemon that outlives this program; :func:`ensure_daemon` also waits for it.

    Args:
        command: as ``raiha install-plugin`` recorded it: ``[python, "-m", "raiha.backend.commands.main", "serve"]``.
        runtime_folder: where the daemon puts its connection file; None leaves the choice to the daemon.

    Raises:
        ClientError: ``cannot-start``, ``foreign-connection-file``.
    """
    import subprocess  # here, for an editor starts sooner without it

    environment = _environment_for_daemon()
    if runtime_folder is not None:
        environment["RAIHA_RUNTIME_DIR"] = str(runtime_folder)
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        # No console window, and no Ctrl+C from the editor's: CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP.
        options = {"creationflags": 0x08000000 | 0x00000200}
    try:
        log = start_log(runtime_folder)
        private_folder(log.parent)
        with log.open("wb") as output:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                close_fds=True,
                **options,
            )
    except (OSError, ValueError, IndexError) as error:
        raise errors.cannot_start(error) from error


def start_log(runtime_folder: str | Path | None = None) -> Path:
    """Return the file that a daemon started here prints to until it opens its own log."""
    folders = runtime_folders() if runtime_folder is None else [Path(runtime_folder)]
    return next((folder for folder in folders if folder.parent.is_dir()), folders[-1]) / START_LOG


def _environment_for_daemon() -> dict[str, str]:
    """Return this program's environment without what would make another Python load the editor's own libraries."""
    left_out = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"}
    if os.environ.get("APPDIR"):
        left_out |= {"LD_LIBRARY_PATH", "LD_PRELOAD"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment.setdefault("RAIHA_UNUSED_SECONDS", UNUSED_SECONDS)
    return environment


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
