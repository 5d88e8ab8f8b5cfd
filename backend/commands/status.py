"""`raiha status`: whether a daemon is running, and what it is doing."""

from __future__ import annotations

import time
from typing import Any

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
    left_out = ("type", "id")
    state = {"running": True, **{name: value for name, value in found.items() if name not in left_out}}
    emit(state, json, "\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> list[str]:
    doing = "working" if found["busy"] else "idle"
    lines = [
        f"Raiha {found['version']} is running (process {found['pid']}), {doing}, {found['queue']} jobs waiting, "
        f"{found['memory_mb']} MB, up for {found['uptime_s']:.0f} s.",
        f"Engine: {found['engine']} on {found['device']}. Protocol: {found['protocol']}. Jobs done: {found['jobs']}.",
    ]
    if found["seconds"]:
        seconds = found["seconds"]
        lines.append(
            f"Seconds: {seconds['last']} the last job, {seconds['median']} typical, {seconds['slowest']} most."
        )
    for error in found["last_errors"][-3:]:
        lines.append(f"Error at {time.strftime('%H:%M:%S', time.localtime(error['time']))}: {error['code']}")
    return [*lines, f"Log: {found['log']}"]
