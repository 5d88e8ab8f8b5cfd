"""What every editor's installer needs: the plug-ins' sources, the shared client files, the daemon's command."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError

PACKAGES_FOLDER = Path(__file__).resolve().parents[2]
SHARED_FILES = ("raiha_client.py", "raiha_texts.py")
DAEMON_RECORD = "raiha_daemon.json"


@dataclass
class Report:
    """What an installer did.

    Attributes:
        editor: "krita" or "gimp".
        written: files and folders that were put in place or changed.
        removed: files and folders that were taken away.
        notes: sentences about what the user has to do or know.
    """

    editor: str
    written: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plugin_source(folder: str) -> Path:
    """Return the folder with an editor's plug-in as it was installed with Raiha.

    Raises:
        RaihaError: ``plugin-missing``, the folder is not there.
    """
    source = PACKAGES_FOLDER / folder
    if not source.is_dir():
        raise RaihaError(
            "plugin-missing",
            f"This installation of Raiha has no folder {folder}.",
            "Install Raiha again from its source folder or from a complete wheel.",
        )
    return source


def copy_plugin(source: Path, target: Path) -> None:
    """Replace a plug-in's folder by its source, the files that the editors share, and the daemon's command."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in SHARED_FILES:
        shutil.copy2(PACKAGES_FOLDER / "backend" / "client" / name, target / name)
    record = json.dumps(daemon_record(), indent=2)
    (target / DAEMON_RECORD).write_text(record + "\n", "utf-8")


def daemon_record() -> dict[str, object]:
    """Return how the plug-in starts the daemon."""
    return {
        "command": [sys.executable, "-m", "raiha.backend.commands.main", "serve"],
        "version": version("raiha"),
    }
