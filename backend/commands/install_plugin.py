"""`raiha install-plugin`: puts an editor's plug-in in place, or takes it away."""

from __future__ import annotations

import importlib
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.backend.commands.own_zip import require_own_zip
from raiha.gallery_tools.errors import RaihaError

if TYPE_CHECKING:
    from raiha.backend.plugin_installer.shared import Report


_ZIP_ENTRIES = ("raiha.desktop", "harmonize/harmonize.py")
"""By one of these a zip of Krita's or GIMP's plug-in is recognized."""


class Editor(str, Enum):
    """The editors that Raiha has a plug-in for; a file of that name in ``raiha.backend.plugin_installer`` each."""

    KRITA = "krita"
    GIMP = "gimp"


def install_plugin(
    editor: Annotated[Editor, typer.Argument(help="krita or gimp.", show_default=False)],
    zip_path: Annotated[
        Path | None,
        typer.Option("--zip", help="Write a zip in place of installing, for Krita's own importer or GIMP's folder."),
    ] = None,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take the plug-in away.")] = False,
    json: JsonFlag = False,
) -> None:
    """Put the plug-in into every such editor of this user, enable it, and record how it starts the daemon.

    Examples:

        raiha install-plugin krita

        raiha install-plugin gimp

        raiha install-plugin krita --zip raiha-krita.zip

        raiha install-plugin krita --uninstall
    """
    installer = importlib.import_module(f"raiha.backend.plugin_installer.{editor.value}")
    if uninstall and zip_path is not None:
        raise RaihaError("wrong-usage", "--zip and --uninstall exclude each other.", "Give one of them.", exit_status=2)
    if zip_path is not None:
        target = zip_path.expanduser().absolute()
        require_own_zip(target, _ZIP_ENTRIES, "a zip of a plug-in of Raiha", "--zip")
        report: Report = installer.write_zip(target)
    elif uninstall:
        report = installer.uninstall(Path.home())
    else:
        report = installer.install(Path.home())
    emit(as_object(report), json, _as_text(report))


def as_object(report: Report) -> dict[str, Any]:
    """Return a report as the object that --json prints."""
    return {
        "editor": report.editor,
        "written": [str(path) for path in report.written],
        "removed": [str(path) for path in report.removed],
        "notes": report.notes,
    }


def _as_text(report: Report) -> str:
    lines = [f"Wrote {path}" for path in report.written]
    lines += [f"Removed {path}" for path in report.removed]
    return "\n".join([*lines, *report.notes])
