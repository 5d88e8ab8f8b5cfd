"""`raiha status`: whether a daemon is running, and what it is doing."""

from __future__ import annotations

import typer

from raiha.backend.client.raiha_client import Client, ClientError
from raiha.backend.commands.output import JsonFlag, emit
from raiha.backend.daemon.link import as_raiha_error


def status(json: JsonFlag = False) -> None:
    """Say whether the daemon is running and what it is doing; the exit status is 1 when none is running.

    Examples:

        raiha status

        raiha status --json
    """
    try:
        with Client.connect(name="raiha status") as client:
            found = client.status()
    except ClientError as error:
        if error.code != "no-daemon":
            raise as_raiha_error(error) from error
        emit({"running": False}, json, f"{error.sentence} {error.remedy}")
        raise typer.Exit(1) from error
    fields = ("pid", "version", "protocol", "uptime_s", "memory_mb", "queue", "busy", "weights_loaded", "log")
    state = {"running": True, **{name: found[name] for name in fields}}
    doing = "working" if found["busy"] else "idle"
    emit(
        state,
        json,
        f"Raiha {found['version']} is running (process {found['pid']}), {doing}, {found['queue']} jobs waiting, "
        f"{found['memory_mb']} MB, up for {found['uptime_s']:.0f} s. Log: {found['log']}",
    )
