"""`raiha setup`: from answers, or defaults, to an installed plug-in and a gallery."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from raiha.backend.commands.main import app
from raiha.backend.daemon.settings import read_settings
from raiha.backend.plugin_installer import krita


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder with two photos, in which nothing but Krita has been started."""
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_PICTURES_DIR", "RAIHA_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "Pictures").mkdir()
    for seed in range(2):
        pixels = np.random.default_rng(seed).integers(0, 256, (64, 96, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "Pictures" / f"{seed}.png")
    settings = krita.installations(tmp_path)[0].settings
    settings.parent.mkdir(parents=True)
    settings.write_text("[General]\n")
    return tmp_path


def _plugin(home: Path) -> Path:
    return krita.installations(home)[0].resources / "pykrita" / krita.PLUGIN


def test_yes_asks_nothing_and_does_all(home: Path) -> None:
    ran = CliRunner().invoke(app, ["setup", "--yes", "--device", "cpu", "--json"])
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert [plugin["editor"] for plugin in result["plugins"]] == ["krita"] and _plugin(home).is_dir()
    assert result["index"]["added"] == 2 and result["index"]["folders"] == [str(home / "Pictures")]
    assert result["device"] == read_settings({}).device == "cpu"


def test_answers_decide(home: Path) -> None:
    ran = CliRunner().invoke(app, ["setup", "--device", "auto"], input="y\n-\n")
    assert ran.exit_code == 0, ran.output
    assert "Install the plug-in for Krita?" in ran.stderr
    assert ran.stdout.rstrip().endswith("Open Krita: Filter > Harmonize.") and _plugin(home).is_dir()
    assert not (home / "data" / "galleries").exists()
    ran = CliRunner().invoke(app, ["setup", "--device", "auto"], input="n\n-\n")
    assert "No plug-in was installed" in ran.stdout


@pytest.mark.parametrize(
    ("options", "answers", "words"),
    [
        ([], "", "Nothing was changed."),
        ([], "y\n", "Nothing was changed."),
        (["--yes", "--photos", "missing"], "", "missing is not a folder"),
        (["--yes", "--device", "cuda:99"], "", "cuda:99"),
    ],
)
def test_nothing_is_changed_after_a_wrong_or_missing_answer(
    home: Path, options: list[str], answers: str, words: str
) -> None:
    ran = CliRunner().invoke(app, ["setup", *options], input=answers)
    assert isinstance(ran.exception, SystemExit) and words in ran.output
    assert ran.exit_code != 0 and not _plugin(home).exists()


def test_settings_of_the_user_are_left_as_they_are(home: Path) -> None:
    file = home / ".config" / "raiha" / "raiha.toml"
    file.parent.mkdir()
    file.write_text("[daemon]\nport = 4567\n")
    ran = CliRunner().invoke(app, ["setup", "--device", "cpu"], input="n\n-\n")
    assert 'Write device = "cpu" below [daemon]' in ran.stdout and file.read_text() == "[daemon]\nport = 4567\n"


def test_without_an_editor_the_end_names_what_to_do(home: Path) -> None:
    krita.installations(home)[0].settings.unlink()
    (home / "Pictures" / "0.png").unlink()
    (home / "Pictures" / "1.png").unlink()
    ran = CliRunner().invoke(app, ["setup", "--yes"])
    assert ran.exit_code == 0, ran.output
    assert "There are no photos in" in ran.stdout and "Neither Krita nor GIMP 3 was found." in ran.stdout
