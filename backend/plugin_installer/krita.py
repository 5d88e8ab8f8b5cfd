"""Installs Krita's plug-in in the folders that this user's Kritas read, or writes a zip for Krita's importer."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raiha.backend.plugin_installer.shared import THIS_INSTALLATION, Report, copy_plugin, plugin_source

PLUGIN = "raiha"
SOURCE_FOLDER = "plugin_krita"
ACTIONS = Path("actions", "raiha.action")
"""Where Krita's importer puts the actions; an installed plug-in has them in its package."""

APPIMAGE_PLACES = (".", "Applications", "Desktop", "Downloads", "bin", ".local/bin")
"""Folders searched for portable AppImages, which have a folder ``NAME.AppImage.home`` beside them."""

FLATPAK = Path(".var", "app", "org.kde.krita")
FLATPAK_NOTE = (
    "Krita is a Flatpak: allow it to reach the daemon with `flatpak override --user --share=network "
    "--filesystem=xdg-run/raiha org.kde.krita`, and start the daemon yourself with `raiha serve`."
)
RESTART_NOTE = "Restart Krita to find Filter > Harmonize... in its menu."


@dataclass(frozen=True)
class KritaFolders:
    """The folders of one Krita.

    Attributes:
        resources: its resource folder, which contains ``pykrita``.
        settings: its settings file, ``kritarc``.
        is_flatpak: whether it is a Flatpak.
    """

    resources: Path
    settings: Path
    is_flatpak: bool = False


def installations(home: Path) -> list[KritaFolders]:
    """Return the folders of every Krita of this user.

    The ordinary folders are always among them, even if Krita has never been started. An AppImage reads them too,
    unless it is a portable one.
    """
    found = [_native(home), *_portable(home)]
    if (home / FLATPAK).is_dir():
        flatpak = home / FLATPAK
        found.append(KritaFolders(flatpak / "data" / "krita", flatpak / "config" / "kritarc", True))
    return found


def _native(home: Path) -> KritaFolders:
    if sys.platform == "win32":
        roaming = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
        local = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return KritaFolders(roaming / "krita", local / "kritarc")
    if sys.platform == "darwin":
        library = home / "Library"
        return KritaFolders(library / "Application Support" / "krita", library / "Preferences" / "kritarc")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return KritaFolders(data / "krita", config / "kritarc")


def _portable(home: Path) -> Iterator[KritaFolders]:
    """Yield the folders of portable AppImages, which have a home and perhaps a settings folder beside them."""
    for place in APPIMAGE_PLACES:
        for own_home in sorted((home / place).glob("[Kk]rita*.[Aa]pp[Ii]mage.home")):
            own_config = own_home.with_suffix(".config")
            config = own_config if own_config.is_dir() else own_home / ".config"
            yield KritaFolders(own_home / ".local" / "share" / "krita", config / "kritarc")


def install(home: Path) -> Report:
    """Install the plug-in in every Krita of this user and enable it."""
    report = Report("krita", notes=[RESTART_NOTE])
    for krita in installations(home):
        target = krita.resources / "pykrita" / PLUGIN
        target.parent.mkdir(parents=True, exist_ok=True)
        (krita.resources / ACTIONS).unlink(missing_ok=True)
        copy_plugin(plugin_source(SOURCE_FOLDER) / PLUGIN, target)
        desktop = target.with_suffix(".desktop")
        shutil.copy2(plugin_source(SOURCE_FOLDER) / desktop.name, desktop)
        enable(krita.settings, enabled=True)
        report.written += [target, desktop, krita.settings]
        if krita.is_flatpak:
            report.notes.append(FLATPAK_NOTE)
    return report


def uninstall(home: Path) -> Report:
    """Remove the plug-in from every Krita of this user."""
    report = Report("krita")
    for krita in installations(home):
        target = krita.resources / "pykrita" / PLUGIN
        desktop = target.with_suffix(".desktop")
        if target.is_dir():
            shutil.rmtree(target)
            report.removed.append(target)
        for file in (desktop, krita.resources / ACTIONS):
            if file.is_file():
                file.unlink()
                report.removed.append(file)
        if krita.settings.is_file() and enable(krita.settings, enabled=None):
            report.written.append(krita.settings)
    if not report.removed:
        report.notes.append("The plug-in was not installed.")
    return report


def write_zip(path: Path, command: Sequence[str] = THIS_INSTALLATION) -> Report:
    """Write the plug-in, with what starts the daemon, as a zip for Tools > Scripts > Import Python Plugin from File."""
    source = plugin_source(SOURCE_FOLDER)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        copy_plugin(source / PLUGIN, Path(folder) / PLUGIN, command)
        # The importer copies the actions from the zip: with a second copy in the package they would be loaded twice.
        (Path(folder) / "actions").mkdir()
        (Path(folder) / PLUGIN / ACTIONS.name).rename(Path(folder) / ACTIONS)
        archive.write(source / f"{PLUGIN}.desktop", f"{PLUGIN}.desktop")
        # The importer recognizes a package by the entry of its folder.
        for entry in sorted(Path(folder).rglob("*")):
            archive.write(entry, entry.relative_to(folder).as_posix())
    note = "In Krita: Tools > Scripts > Import Python Plugin from File, choose the zip, and restart Krita."
    return Report("krita", written=[path], notes=[note])


def enable(settings: Path, *, enabled: bool | None) -> bool:
    """Set the plug-in's line in kritarc, or remove it if ``enabled`` is None; return whether the file changed.

    Every other line stays as it is: no parser of ini files preserves all that kritarc contains.
    """
    text = settings.read_text("utf-8") if settings.is_file() else ""
    lines = text.splitlines()
    key = f"enable_{PLUGIN}="
    kept = [line for line in lines if not line.startswith(key)]
    if enabled is not None:
        line = f"{key}{'true' if enabled else 'false'}"
        if "[python]" in kept:
            kept.insert(kept.index("[python]") + 1, line)
        else:
            kept += [*([""] if kept else []), "[python]", line]
    if kept == lines:
        return False
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("\n".join(kept) + "\n", "utf-8")
    return True
