"""`raiha install-plugin krita` for each way that Krita is installed: the real Krita finds the plug-in there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from common import RAIHA, REPOSITORY, object_layer, picture_layer, write_ora
from krita_program import KritaProgram, install_driver

from raiha.backend.plugin_installer import krita as installer

SIZE = (96, 64)
ENTRIES = {"Harmonize...": "Ctrl+Alt+H", "Harmonize Again": "Ctrl+Alt+Shift+H"}
FLATPAK = ".var/app/org.kde.krita"
PORTABLE = "Applications/krita-5.2.9-x86_64.AppImage"


class Layout(NamedTuple):
    """Where a Krita looks, as its environment tells it; paths in the home folder.

    Attributes:
        made_before: folders that are there once Krita has been installed this way.
        variables: the environment that this Krita runs in.
        pykrita: where it finds plug-ins.
        settings: its settings file.
    """

    made_before: tuple[str, ...]
    variables: dict[str, str]
    pykrita: str
    settings: str


LAYOUTS = {
    "package or AppImage": Layout((), {"HOME": ""}, ".local/share/krita/pykrita", ".config/kritarc"),
    "Flatpak": Layout(
        (FLATPAK,),
        {"HOME": "", "XDG_DATA_HOME": f"{FLATPAK}/data", "XDG_CONFIG_HOME": f"{FLATPAK}/config"},
        f"{FLATPAK}/data/krita/pykrita",
        f"{FLATPAK}/config/kritarc",
    ),
    "portable AppImage": Layout(
        (f"{PORTABLE}.home", f"{PORTABLE}.config"),
        {"HOME": f"{PORTABLE}.home", "XDG_CONFIG_HOME": f"{PORTABLE}.config"},
        f"{PORTABLE}.home/.local/share/krita/pykrita",
        f"{PORTABLE}.config/kritarc",
    ),
}


@pytest.fixture
def home(krita: KritaProgram) -> Path:
    folder = krita.work / f"fresh-home-{krita.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write_ora(tmp_path / "small.ora", [picture_layer(SIZE), object_layer(30, 20, 30)], "object", SIZE)


def install_plugin(home: Path, *options: str | Path) -> None:
    """Run the command as a user with that home folder does."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    command = [*RAIHA, "install-plugin", "krita", *map(str, options)]
    subprocess.run(command, env={**own, "HOME": str(home)}, cwd=REPOSITORY, check=True, capture_output=True)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_krita_finds_what_install_plugin_wrote(
    krita: KritaProgram, runtime: Path, home: Path, document: Path, layout: Layout
) -> None:
    for folder in layout.made_before:
        (home / folder).mkdir(parents=True)
    install_plugin(home)
    pykrita, settings = home / layout.pykrita, home / layout.settings
    install_driver(installer.KritaFolders(pykrita.parent, settings))
    variables = {name: krita.inside(home / path) for name, path in layout.variables.items()}
    found, _ = krita.run("installed", [document], runtime, "installed", **variables)
    assert found == {"package": krita.inside(pykrita / "raiha"), "entries": ENTRIES}
    install_plugin(home, "--uninstall")
    assert not (pykrita / "raiha").exists()
    assert not (pykrita / "raiha.desktop").exists()
    assert "enable_raiha=" not in settings.read_text("utf-8")


def test_kritas_own_importer_takes_the_zip(krita: KritaProgram, runtime: Path, home: Path, document: Path) -> None:
    folders = installer.installations(home)[0]
    install_driver(folders)
    path = home / "raiha.zip"
    install_plugin(home, "--zip", path)
    variables = {"HOME": krita.inside(home), "RAIHA_TEST_ZIP": krita.inside(path)}
    found, _ = krita.run("imported", [document], runtime, "imported", **variables)
    assert "Raiha" in found["asked"]
    assert found["enabled"] == "true"
    # The driver ends Krita before it writes its settings.
    installer.enable(folders.settings, enabled=True)
    found, _ = krita.run("installed", [document], runtime, "installed", **variables)
    assert found == {"package": krita.inside(folders.resources / "pykrita" / "raiha"), "entries": ENTRIES}
