"""`raiha doctor --bundle`: a zip that explains a problem and holds nothing personal."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from running_daemon import RunningDaemon
from typer.testing import CliRunner

from raiha.backend.commands import doctor
from raiha.backend.commands.main import app
from raiha.backend.commands.problem_report import without_personal_names
from raiha.backend.daemon.log import log_path

LOG = """2026-01-01 12:00:00 INFO raiha.jobs: read {home}/Pictures/My Wedding/a guest.jpg in 0.1 s
2026-01-01 12:00:01 ERROR raiha.jobs: job failed: wrong-key, greetings from Marlene and /mnt/disk/holiday/beach.png
  File "{home}/code/raiha/backend/daemon/jobs.py", line 7
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home folder of marlene, in whose data folder there is a log."""
    folder = tmp_path / "home" / "marlene"
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(folder))
    for variable in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(variable, "marlene")
    monkeypatch.setenv("RAIHA_DATA_DIR", str(folder / "data"))
    log = log_path()
    log.parent.mkdir(parents=True)
    log.write_text(LOG.format(home=folder), "utf-8")
    return folder


@pytest.fixture
def light_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the checks that take seconds to the tests of the doctor itself."""
    checks = [("versions", doctor._versions), ("folders", doctor._folders), ("network", _breaks)]
    monkeypatch.setattr(doctor, "_checks", lambda: iter(checks))


def _breaks() -> str:
    raise ZeroDivisionError("no reason")


def _bundle(file: Path) -> dict[str, str]:
    ran = CliRunner().invoke(app, ["doctor", "--bundle", str(file)])
    assert ran.exit_code == 0, ran.output
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.usefixtures("light_checks")
def test_a_bundle_holds_what_explains_a_problem_and_no_name(
    home: Path, start_daemon: Callable[..., RunningDaemon]
) -> None:
    daemon = start_daemon()
    texts = _bundle(home / "report.zip")
    assert set(texts) == {"report.txt", "daemon.log", "daemon-start.log"}
    for expected in ("raiha ", "WRONG  network: ZeroDivisionError", "log_level: info", "last_errors: ["):
        assert expected in texts["report.txt"]
    assert f"pid: {daemon.connection.pid}" in texts["report.txt"]
    assert "wrong-key" in texts["daemon.log"] and "jobs.py" in texts["daemon.log"]
    everything = "\n".join(texts.values()).lower()
    for personal in ("marlene", str(home).lower(), "wedding", "guest", "holiday", "beach"):
        assert personal not in everything
    _bundle(home / "report.zip")  # over the earlier one


@pytest.mark.usefixtures("light_checks")
def test_a_bundle_is_written_without_a_daemon_or_log(home: Path) -> None:
    log_path().unlink()
    texts = _bundle(home / "report.zip")
    assert "no-daemon" in texts["report.txt"] and "FileNotFoundError" in texts["daemon.log"]


@pytest.mark.usefixtures("light_checks")
def test_a_file_of_the_user_is_not_overwritten(home: Path) -> None:
    (home / "letter.txt").write_text("Dear")
    ran = CliRunner().invoke(app, ["doctor", "--bundle", str(home / "letter.txt"), "--json"])
    assert json.loads(ran.stdout)["error"]["code"] == "would-overwrite"
    assert (home / "letter.txt").read_text() == "Dear"
    ran = CliRunner().invoke(app, ["doctor", "--bundle", str(home / "missing" / "report.zip")])
    assert ran.exit_code == 1 and isinstance(ran.exception, SystemExit) and "cannot be used" in ran.output


def test_a_failure_outside_the_checks_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_checks", _breaks)
    ran = CliRunner().invoke(app, ["doctor"])
    assert ran.exit_code == 1 and isinstance(ran.exception, SystemExit)
    assert "could not be completed (ZeroDivisionError: no reason)" in ran.output


def test_a_short_name_is_replaced_only_as_a_word() -> None:
    assert without_personal_names("an engine of an_a, plan", {"an"}) == "<user> engine of <user>_a, plan"
