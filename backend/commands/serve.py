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
    from raiha.backend.daemon.settings import Settings


def serve(
    port: Annotated[
        int | None, typer.Option(help="TCP port on 127.0.0.1; 0 takes a free one. Default: 0.", min=0, max=65535)
    ] = None,
    idle_seconds: Annotated[
        float | None, typer.Option(help="Idle seconds after which the weights leave memory. Default: 300.", min=0.0)
    ] = None,
    unused_seconds: Annotated[
        float | None, typer.Option(help="End when unused for so long; 0: never. Default: 0.", min=0.0)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Where the network runs: auto (a GPU if PyTorch finds one), cpu, cuda, mps. Default: auto."),
    ] = None,
    install: Annotated[bool, typer.Option("--install", help="Have the session start the daemon from now on.")] = False,
    json: JsonFlag = False,
) -> None:
    """Run the daemon that the editors' plug-ins and `raiha harmonize` talk to, until Ctrl+C or `raiha stop`.

    The plug-ins start one themselves when there is none; that one ends some minutes after the last editor. The work
    is done in a process of its own, which ends when it is idle and gives its memory back. The daemon writes where it
    listens to a connection file that only this user can read, and what it does to a log.

    Settings are read from raiha.toml in the user's configuration folder (RAIHA_CONFIG names another file), a table
    [daemon] with port, idle_seconds, unused_seconds, device and log_level. The variables RAIHA_PORT, RAIHA_DEVICE and
    so on override it, and options override both.

    Examples:

        raiha serve

        raiha serve --idle-seconds 60 --json

        raiha serve --install
    """
    from raiha.backend.daemon.settings import read_settings

    options = {"port": port, "idle_seconds": idle_seconds, "unused_seconds": unused_seconds, "device": device}
    settings = read_settings(options)
    if install:
        from raiha.backend.daemon.autostart import install as install_autostart

        file, sentence = install_autostart()
        emit({"installed": str(file)}, json, sentence)
        return
    _run(settings, json)


def _run(settings: Settings, json: bool) -> None:
    from raiha.backend.daemon.log import start_logging
    from raiha.backend.daemon.server import Server
    from raiha.backend.daemon.shared_pixels import remove_leftovers
    from raiha.backend.daemon.worker_process import WorkerProcess, make_pipeline

    def announce(connection: Connection) -> None:
        shown = {name: value for name, value in connection.to_json().items() if name != "key"}
        emit(shown, json, f"Raiha {connection.version} listens on {connection.endpoint}. Log: {connection.log}")

    def make_worker() -> PipelineLike:
        return WorkerProcess(partial(make_pipeline, settings.device))

    server = Server(
        make_worker, _galleries, settings.port, settings.idle_seconds, settings.unused_seconds or None, settings.device
    )

    def end(*_: Any) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    start_logging(settings.log_level)
    remove_leftovers()
    server.run(announce)


def _galleries() -> list[dict[str, Any]]:
    """Return the galleries that can be searched, without damaged ones, which `raiha gallery verify` reports."""
    from raiha.gallery_tools.gallery_file import gallery_names

    found: list[dict[str, Any]] = []
    names = gallery_names()
    if not names:
        return found
    from raiha.gallery_tools.store import Gallery  # with what searches it, which takes a moment

    for name in names:
        with suppress(RaihaError, OSError), Gallery(name) as gallery:
            found.append({"name": name, "photos": gallery.status().photos})
    return found
