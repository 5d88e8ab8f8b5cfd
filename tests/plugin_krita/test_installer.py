"""`raiha install-plugin krita`: what lies where, and that Krita's settings keep everything else."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raiha.backend.commands.main import app
from raiha.backend.plugin_installer import krita

FILES = {"__init__.py", "raiha.action", "raiha_daemon.json", "Manual.html"}
CLIENT = {f"client/{path.name}" for path in (Path(__file__).resolve().parents[2] / "backend" / "client").glob("*.py")}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "home"


def test_plugin_lies_where_krita_looks_and_is_enabled(home: Path) -> None:
    report = krita.install(home)
    folder = home / ".local" / "share" / "krita" / "pykrita"
    files = {path.relative_to(folder / "raiha").as_posix() for path in (folder / "raiha").rglob("*")}
    assert files >= FILES | CLIENT
    assert (folder / "raiha.desktop").is_file()
    assert (home / ".config" / "kritarc").read_text() == "[python]\nenable_raiha=true\n"
    assert report.written == [folder / "raiha", folder / "raiha.desktop", home / ".config" / "kritarc"]


def test_recorded_command_starts_this_installations_daemon(home: Path) -> None:
    krita.install(home)
    record = json.loads((home / ".local/share/krita/pykrita/raiha/raiha_daemon.json").read_text())
    assert record["command"] == [sys.executable, "-m", "raiha.backend.commands.main", "serve"]


def test_settings_keep_every_other_line(home: Path) -> None:
    settings = home / ".config" / "kritarc"
    settings.parent.mkdir(parents=True)
    before = "[theme]\nTheme=Krita bright\n\n[python]\nenable_other=true\nenable_raiha=false\n\n[x]\na=1\\n\n"
    settings.write_text(before)
    krita.install(home)
    wanted = before.replace("enable_raiha=false\n", "").replace("[python]\n", "[python]\nenable_raiha=true\n")
    assert settings.read_text() == wanted


def test_installing_twice_changes_nothing(home: Path) -> None:
    krita.install(home)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    krita.install(home)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_flatpak_is_found_and_its_limits_are_told(home: Path) -> None:
    (home / ".var" / "app" / "org.kde.krita").mkdir(parents=True)
    report = krita.install(home)
    assert (home / ".var/app/org.kde.krita/data/krita/pykrita/raiha/__init__.py").is_file()
    assert any("flatpak override" in note for note in report.notes)


@pytest.mark.parametrize(
    ("config", "settings"), [(True, "krita.AppImage.config"), (False, "krita.AppImage.home/.config")]
)
def test_portable_appimage_is_found(home: Path, config: bool, settings: str) -> None:
    beside = home / "Applications"
    (beside / "krita.AppImage.home").mkdir(parents=True)
    if config:
        (beside / "krita.AppImage.config").mkdir()
    krita.install(home)
    assert (beside / "krita.AppImage.home/.local/share/krita/pykrita/raiha/__init__.py").is_file()
    assert (beside / settings / "kritarc").read_text() == "[python]\nenable_raiha=true\n"


def test_uninstall_takes_everything_away_again(home: Path) -> None:
    krita.install(home)
    report = krita.uninstall(home)
    assert [path for path in home.rglob("*") if "raiha" in path.name] == []
    assert "raiha" not in (home / ".config" / "kritarc").read_text()
    assert len(report.removed) == 2
    assert krita.uninstall(home).notes == ["The plug-in was not installed."]


def test_zip_has_what_kritas_importer_wants(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["install-plugin", "krita", "--zip", str(tmp_path / "raiha.zip"), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["written"] == [str(tmp_path / "raiha.zip")]
    with zipfile.ZipFile(tmp_path / "raiha.zip") as archive:
        in_package = {f"raiha/{name}" for name in (FILES | CLIENT) - {"raiha.action"}}
        assert {"raiha.desktop", "raiha/", "actions/raiha.action", *in_package} <= set(archive.namelist())
        assert "raiha/raiha.action" not in archive.namelist()
    assert not home.exists()


def test_command_says_what_it_did(home: Path) -> None:
    result = CliRunner().invoke(app, ["install-plugin", "krita"])
    assert result.exit_code == 0
    assert f"Wrote {home / '.local/share/krita/pykrita/raiha'}" in result.stdout
    assert "Restart Krita" in result.stdout


def test_zip_and_uninstall_exclude_each_other(home: Path) -> None:
    result = CliRunner().invoke(app, ["install-plugin", "krita", "--zip", "x.zip", "--uninstall", "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "wrong-usage"
