"""Installs GIMP's plug-in in the folder of every GIMP 3 of this user."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raiha.backend.plugin_installer.shared import THIS_INSTALLATION, Report, copy_plugin, plugin_source
from raiha.gallery_tools.errors import RaihaError

PLUGIN = "harmonize"
SOURCE_FOLDER = "plugin_gimp"
FLATPAK = Path(".var", "app", "org.gimp.GIMP")
FLATPAK_NOTE = (
    "For GIMP as a Flatpak: allow it to reach the daemon with `flatpak override --user --share=network "
    "--filesystem=xdg-run/raiha org.gimp.GIMP`, and start the daemon yourself with `raiha serve`."
)
RESTART_NOTE = "Restart GIMP to find Filters > Harmonize... in its menu."


@dataclass(frozen=True)
class GimpFolder:
    """The folders of one GIMP.

    Attributes:
        version: "3.0", "3.2" and so on.
        settings: its settings folder, which contains ``plug-ins``.
    """

    version: str
    settings: Path

    @property
    def plugin(self) -> Path:
        """The plug-in's folder: GIMP expects a program of the same name in it."""
        return self.settings / "plug-ins" / PLUGIN


def installations(home: Path) -> list[GimpFolder]:
    """Return the folder of every GIMP 3 of this user: those that have been started once, and those on the PATH.

    A Flatpak reads the ordinary folder if its manifest gives it access, else a folder of its own.
    """
    native, flatpak = _native(home), home / FLATPAK / "config" / "GIMP"
    found = [GimpFolder(version, native / version) for version in sorted({*_started(native), *_on_path()})]
    return found + [GimpFolder(version, flatpak / version) for version in sorted(_started(flatpak))]


def _native(home: Path) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "GIMP"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "GIMP"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "GIMP"


def _started(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.glob("3.*") if path.is_dir() and re.fullmatch(r"3\.\d+", path.name))


def _on_path() -> Iterator[str]:
    for folder in os.get_exec_path():
        for program in Path(folder).glob("gimp-3.*"):
            found = re.fullmatch(r"gimp-(3\.\d+)(\.exe)?", program.name)
            if found:
                yield found.group(1)


def install(home: Path) -> Report:
    """Install the plug-in in every GIMP 3 of this user.

    Raises:
        RaihaError: ``gimp-missing``, there is none.
    """
    gimps = installations(home)
    if not gimps:
        raise RaihaError(
            "gimp-missing",
            "No GIMP 3 was found.",
            "Install GIMP 3, start it once, and run `raiha install-plugin gimp` again.",
        )
    report = Report("gimp", notes=[RESTART_NOTE])
    for gimp in gimps:
        gimp.plugin.parent.mkdir(parents=True, exist_ok=True)
        copy_plugin(plugin_source(SOURCE_FOLDER) / PLUGIN, gimp.plugin)
        (gimp.plugin / f"{PLUGIN}.py").chmod(0o755)
        report.written.append(gimp.plugin)
    if (home / FLATPAK).is_dir():
        report.notes.append(FLATPAK_NOTE)
    return report


def write_zip(path: Path, command: Sequence[str] = THIS_INSTALLATION) -> Report:
    """Write the plug-in as a zip to unpack into GIMP's folder of plug-ins; ``command`` starts the daemon."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        plugin = Path(folder) / PLUGIN
        copy_plugin(plugin_source(SOURCE_FOLDER) / PLUGIN, plugin, command)
        (plugin / f"{PLUGIN}.py").chmod(0o755)
        for entry in sorted(plugin.rglob("*")):
            archive.write(entry, entry.relative_to(folder).as_posix())
    note = (
        f"Unpack it into the folder plug-ins of GIMP's settings, so that {PLUGIN}/{PLUGIN}.py lies there; restart GIMP."
    )
    return Report("gimp", written=[path], notes=[note])


def uninstall(home: Path) -> Report:
    """Remove the plug-in from every GIMP 3 of this user."""
    report = Report("gimp")
    for gimp in installations(home):
        if gimp.plugin.is_dir():
            shutil.rmtree(gimp.plugin)
            report.removed.append(gimp.plugin)
    if not report.removed:
        report.notes.append("The plug-in was not installed.")
    return report
