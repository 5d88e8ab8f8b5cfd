"""The files of a release: plug-ins as zips, sums, and a wheel that needs no repository."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from raiha.backend.plugin_installer import gimp, krita
from raiha.backend.plugin_installer.release import FROM_PATH, write_sums

ROOT = Path(__file__).parents[2]


def test_the_zips_hold_the_plugins_and_start_the_daemon_from_the_path(tmp_path: Path) -> None:
    for installer, main in ((krita, "raiha/extension.py"), (gimp, "harmonize/harmonize.py")):
        file = tmp_path / f"{main.split('/')[0]}.zip"
        installer.write_zip(file, FROM_PATH)
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            record = next(name for name in names if name.endswith("raiha_daemon.json"))
            assert json.loads(archive.read(record))["command"] == ["raiha", "serve"]
            assert {main, f"{main.split('/')[0]}/client/raiha_client.py"} <= set(names)
            assert str(ROOT).encode() not in b"".join(archive.read(name) for name in names)
    with zipfile.ZipFile(tmp_path / "harmonize.zip") as archive:
        assert archive.getinfo("harmonize/harmonize.py").external_attr >> 16 & 0o111  # GIMP runs it as a program


def test_the_sums_are_those_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"wheel")
    (tmp_path / "b.zip").write_bytes(b"zip")
    assert write_sums(tmp_path) == write_sums(tmp_path)
    found = [line.split("  ") for line in (tmp_path / "SHA256SUMS").read_text().splitlines()]
    assert found == [[hashlib.sha256(b"wheel").hexdigest(), "a.whl"], [hashlib.sha256(b"zip").hexdigest(), "b.zip"]]


@pytest.mark.slow
def test_the_wheel_is_small_and_runs_the_demo_without_the_repository(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 40e6
    with zipfile.ZipFile(wheel) as archive:
        assert not any("tests/" in name or "test_" in name for name in archive.namelist())
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    program = "from raiha.backend.commands import demo, main; print(demo.__file__); main.app()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "demo", "--out", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(str(tmp_path / "installed"))
    assert (tmp_path / "out" / "sheet.png").is_file()
