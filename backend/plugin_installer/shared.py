"""What every editor's installer needs: the plug-ins' sources, the client that they carry, the daemon's command."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError

PACKAGES_FOLDER = Path(__file__).resolve().parents[2]
CLIENT = PACKAGES_FOLDER / "backend" / "client"
"""The package that every plug-in carries a copy of."""
DAEMON_RECORD = "raiha_daemon.json"
"""Holds the command with which the plug-in starts the daemon, and the version that it belongs to."""
THIS_INSTALLATION = (sys.executable, "-m", "raiha.backend.commands.main", "serve")


@dataclass
class Report:
    """The outcome of an installation or removal.

    Attributes:
        editor: "krita" or "gimp".
        written: files and folders that were created or changed.
        removed: files and folders that were removed.
        notes: sentences about what the user has to do next.
    """

    editor: str
    written: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plugin_source(folder: str) -> Path:
    """Return the folder with the source of an editor's plug-in.

    Raises:
        RaihaError: ``plugin-missing``, there is no such folder.
    """
    source = PACKAGES_FOLDER / folder
    if not source.is_dir():
        raise RaihaError(
            "plugin-missing",
            f"This installation of Raiha has no folder {folder}.",
            "Install Raiha again from its source folder or from a complete wheel.",
        )
    return source


def copy_plugin(source: Path, target: Path, command: Sequence[str] = THIS_INSTALLATION) -> None:
    """Replace a plug-in's folder by its source, the client as its package ``client``, and the daemon's command."""
    if target.exists():
        shutil.rmtree(target)
    not_needed = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi")
    shutil.copytree(source, target, ignore=not_needed)
    shutil.copytree(CLIENT, target / CLIENT.name, ignore=not_needed)
    record = json.dumps({"command": list(command), "version": version("raiha")}, indent=2)
    (target / DAEMON_RECORD).write_text(record + "\n", "utf-8")
