"""``raiha install-plugin gimp`` in homes with this and that GIMP."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from raiha.backend.plugin_installer import gimp
from raiha.gallery_tools.errors import RaihaError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def started(folder: Path, *versions: str) -> None:
    for version in versions:
        (folder / version).mkdir(parents=True)


def test_every_gimp_3_gets_the_plugin_and_no_other(home: Path) -> None:
    started(home / ".config" / "GIMP", "2.10", "3.0", "3.2", "3.old")
    report = gimp.install(home)
    folders = [home / ".config" / "GIMP" / version / "plug-ins" / "harmonize" for version in ("3.0", "3.2")]
    assert report.written == folders
    sources = {path.name for path in (REPOSITORY / "plugin_gimp" / "harmonize").glob("*.*")}
    client = {path.name for path in (REPOSITORY / "backend" / "client").iterdir()} - {"__pycache__"}
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == sources | {"client", "raiha_daemon.json"}
        assert {path.name for path in (folder / "client").iterdir()} == client
        assert os.access(folder / "harmonize.py", os.X_OK)
        assert json.loads((folder / "raiha_daemon.json").read_text())["command"][-1] == "serve"
    assert not (home / ".config" / "GIMP" / "2.10" / "plug-ins").exists()


def test_a_gimp_that_was_never_started_is_found_on_the_path(home: Path) -> None:
    (home / "bin").mkdir()
    for name in ("gimp-3.2", "gimp-console-3.2", "gimp-2.10", "gimp-3.2.old"):
        (home / "bin" / name).touch()
    assert [found.version for found in gimp.installations(home)] == ["3.2"]


def test_a_flatpak_says_what_else_to_do(home: Path) -> None:
    started(home / gimp.FLATPAK / "config" / "GIMP", "3.0")
    report = gimp.install(home)
    assert report.written == [home / gimp.FLATPAK / "config" / "GIMP" / "3.0" / "plug-ins" / "harmonize"]
    assert gimp.FLATPAK_NOTE in report.notes


def test_no_gimp_is_said_clearly(home: Path) -> None:
    with pytest.raises(RaihaError) as caught:
        gimp.install(home)
    assert caught.value.code == "gimp-missing"


def test_uninstall_takes_away_what_was_installed_and_nothing_else(home: Path) -> None:
    started(home / ".config" / "GIMP", "3.0")
    other = home / ".config" / "GIMP" / "3.0" / "plug-ins" / "other" / "other.py"
    other.parent.mkdir(parents=True)
    other.touch()
    written = gimp.install(home).written
    assert gimp.uninstall(home).removed == written
    assert other.is_file()
    assert not written[0].exists()
    assert gimp.uninstall(home).removed == []
