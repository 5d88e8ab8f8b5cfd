"""The daemon's settings, its log, and its start with the session."""

from __future__ import annotations

import json
import logging
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raiha.backend.commands import main
from raiha.backend.daemon import autostart
from raiha.backend.daemon.log import log_path, start_logging, without_paths
from raiha.backend.daemon.settings import Settings, read_settings, settings_file
from raiha.gallery_tools.errors import RaihaError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAIHA_CONFIG", str(tmp_path / "raiha.toml"))
    return settings_file()


def test_options_override_the_environment_and_that_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings({}) == Settings()
    file.write_text('[daemon]\nport = 1000\nidle_seconds = 5\nlog_level = "debug"\n')
    monkeypatch.setenv("RAIHA_PORT", "2000")
    monkeypatch.setenv("RAIHA_UNUSED_SECONDS", "60")
    settings = read_settings({"port": None, "unused_seconds": 1.5})
    assert settings == Settings(2000, 5.0, 1.5, "auto", "debug")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[daemon", "TOML"),
        ("daemon = 1", "table"),
        ("[daemon]\nprot = 1", "prot"),
        ("[daemon]\nport = true", "port"),
        ("[daemon]\nport = 70000", "port"),
        ("[daemon]\nidle_seconds = nan", "seconds"),
        ("[daemon]\nlog_level = 'all'", "log_level"),
    ],
)
def test_settings_that_cannot_be_used_are_named(file: Path, text: str, named: str) -> None:
    file.write_text(text)
    with pytest.raises(RaihaError, match=named) as caught:
        read_settings({})
    assert caught.value.code == "bad-settings" and str(file) in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "The photo /home/hannelore/Pictures/divorce.jpg is not there.",
        "No such file: '/home/hannelore/My Pictures/divorce papers.jpg'",
        r"No such file: 'C:\Users\hannelore\divorce.jpg'",
        "~/divorce.jpg cannot be used",
        'File "/home/hannelore/.venv/lib/raiha/daemon/server.py", line 3, in divorce'.replace("divorce", "run"),
    ],
)
def test_a_text_without_paths(text: str) -> None:
    assert "hannelore" not in without_paths(text) and "divorce" not in without_paths(text)


def test_what_is_no_path_stays() -> None:
    kept = 'daemon 0.1 listens on tcp://127.0.0.1:40123; File "server.py", line 3, and/or 1 / 2, 3 m/s'
    assert without_paths(kept) == kept


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("raiha")
    before = list(logger.handlers), logger.level
    yield logger
    for handler in [handler for handler in logger.handlers if handler not in before[0]]:
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(before[1])


@pytest.mark.parametrize("level", ["info", "debug"])
def test_only_the_debug_log_names_files(logger: logging.Logger, level: str) -> None:
    start_logging(level)
    try:
        Path("/home/hannelore/divorce.jpg").read_bytes()
    except OSError:
        logger.exception("reading /home/hannelore/divorce.jpg")
    text = log_path().read_text()
    assert "FileNotFoundError" in text and "test_daemon_settings.py" in text
    assert ("divorce" in text) == (level == "debug")


def test_the_unit_starts_this_raiha(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(autostart, "COMMAND", ("/opt/my raiha/100%/python", "-m", "raiha"))
    unit = tmp_path / "raiha.service"
    unit.write_bytes(autostart.systemd_unit())
    assert 'ExecStart="/opt/my raiha/100%%/python" "-m" "raiha"' in unit.read_text()
    assert plistlib.loads(autostart.launch_agent())["ProgramArguments"] == list(autostart.COMMAND)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "raiha.service"
    unit.write_bytes(autostart.systemd_unit())
    checked = subprocess.run(["systemd-analyze", "--user", "verify", unit], capture_output=True, text=True)
    assert "raiha.service" not in checked.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="tries systemd")
@pytest.mark.parametrize("answer", ["true", "false"])
def test_serve_installs_the_unit_and_says_if_it_is_refused(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "systemctl").symlink_to(f"/bin/{answer}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(main.app, ["serve", "--install", "--json"])
    unit = tmp_path / "systemd" / "user" / "raiha.service"
    assert unit.is_file()
    if answer == "true":
        assert json.loads(result.stdout) == {"installed": str(unit)}
    else:
        assert json.loads(result.stdout)["error"]["code"] == "autostart-refused"


def test_a_system_without_either_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RaihaError, match="plug-ins start the daemon themselves"):
        autostart.install()
