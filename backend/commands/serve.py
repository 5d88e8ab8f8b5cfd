"""`raiha serve`: the daemon, in the foreground."""

from __future__ import annotations

import signal
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.gallery_tools.errors import RaihaError

if TYPE_CHECKING:
    from raiha.backend.daemon.connection import Connection
    from raiha.backend.daemon.jobs import PipelineLike


def serve(
    port: Annotated[
        int, typer.Option(help="TCP port on 127.0.0.1; 0 takes a free one.", min=0, max=65535, show_default=True)
    ] = 0,
    idle_seconds: Annotated[
        float, typer.Option(help="Idle seconds after which the weights leave memory.", min=0.0)
    ] = 300.0,
    unused_seconds: Annotated[
        float | None,
        typer.Option(
            help="End when unused for so long.",
            min=0.0,
            envvar="RAIHA_UNUSED_SECONDS",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: cpu, cuda, cuda:1, mps.")] = "cpu",
    json: JsonFlag = False,
) -> None:
    """Run the daemon that the editors' plug-ins and `raiha harmonize` talk to, until Ctrl+C or `raiha stop`.

    The plug-ins start one themselves when there is none; that one ends some minutes after the last editor. The work
    is done in a process of its own, which ends when it is idle and gives its memory back. The daemon writes where it
    listens to a connection file that only this user can read, and what it does to a log.

    Examples:

        raiha serve

        raiha serve --idle-seconds 60 --json
    """
    from raiha.backend.daemon.log import start_logging
    from raiha.backend.daemon.server import Server
    from raiha.backend.daemon.shared_pixels import remove_leftovers
    from raiha.backend.daemon.worker_process import WorkerProcess, make_pipeline

    def announce(connection: Connection) -> None:
        shown = {name: value for name, value in connection.to_json().items() if name != "key"}
        emit(shown, json, f"Raiha {connection.version} listens on {connection.endpoint}. Log: {connection.log}")

    def make_worker() -> PipelineLike:
        return WorkerProcess(partial(make_pipeline, device))

    server = Server(make_worker, _galleries, port, idle_seconds, unused_seconds)

    def end(*_: Any) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    start_logging()
    remove_leftovers()
    server.run(announce)


def _galleries() -> list[dict[str, Any]]:
    """Return the galleries that can be searched, without damaged ones, which `raiha gallery verify` reports."""
    from raiha.gallery_tools.gallery_file import gallery_names
    from raiha.gallery_tools.store import Gallery

    found = []
    for name in gallery_names():
        with suppress(RaihaError, OSError), Gallery(name) as gallery:
            found.append({"name": name, "photos": gallery.status().photos})
    return found
