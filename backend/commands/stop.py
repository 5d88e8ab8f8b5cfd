"""`raiha stop`: ends the daemon."""

from __future__ import annotations

import time

from raiha.backend.client.raiha_client import Client, ClientError, find_daemon
from raiha.backend.commands.output import JsonFlag, emit
from raiha.backend.daemon.link import as_raiha_error
from raiha.gallery_tools.errors import RaihaError

SECONDS_TO_END = 15.0


def stop(json: JsonFlag = False) -> None:
    """End the daemon; a job that it is doing is cancelled. Not an error when none is running.

    Examples:

        raiha stop

        raiha stop --json
    """
    try:
        with Client.connect(name="raiha stop") as client:
            client.stop_daemon()
            pid = client.daemon.pid
    except ClientError as error:
        if error.code != "no-daemon":
            raise as_raiha_error(error) from error
        emit({"stopped": False}, json, error.sentence)
        return
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline:
        daemon = find_daemon()
        if daemon is None or daemon.pid != pid:
            emit({"stopped": True, "pid": pid}, json, f"The Raiha daemon (process {pid}) has ended.")
            return
        time.sleep(0.02)
    raise RaihaError(
        "not-stopped", f"The Raiha daemon (process {pid}) has not ended yet.", "Wait a little, or end that process."
    )
