"""The dialog under PyQt6, as Krita 6 brings it: with a real daemon; only Krita's own API is a mock."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from raiha.backend.client import raiha_texts as texts

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"
FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec('PyQt6') is None)"


def python_with_qt6() -> str | None:
    """Return a Python that has PyQt6: the one of the tests, or the system's."""
    if importlib.util.find_spec("PyQt6"):
        return sys.executable
    if shutil.which(SYSTEM_PYTHON) and subprocess.run([SYSTEM_PYTHON, "-c", FIND], check=False).returncode == 0:
        return SYSTEM_PYTHON
    return None


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.slow
def test_dialog_works_under_pyqt6(installed: Path, runtime: Path, tmp_path: Path) -> None:
    python = python_with_qt6()
    if python is None:
        pytest.skip("no Python here has PyQt6: apt-get install python3-pyqt6, or pip install PyQt6")
    own = {
        **os.environ,
        "RAIHA_RUNTIME_DIR": str(runtime),
        "RAIHA_DATA_DIR": str(tmp_path / "data"),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(runtime),
    }
    program = [python, str(HERE / "dialog_in_qt6.py"), str(installed)]
    command = [sys.executable, "-m", "raiha.backend.commands.main"]
    try:
        done = subprocess.run(program, env=own, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    finally:
        subprocess.run([*command, "stop"], env=own, cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["qt"][0] == "PyQt6"
    assert found["layers"][:2] == [["picture", True], ["object", False]]
    assert found["layers"][2][0].startswith("object (harmonized: ")
    assert found["cut"] == {language: [] for language in texts.languages()}
    assert found["strength"] == 0.99
    assert found["undo_steps"] == 2
    assert found["error"] == ["Wrong.", "Mend it."]
