"""Failures of the machine become sentences with the right cause, once, at the command's door."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import pyvips
from PIL import Image
from typer.testing import CliRunner

from raiha.backend.commands import doctor
from raiha.backend.commands.main import app
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure
from raiha.gallery_tools.gallery_file import database_path

TORCH = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to ..."
ONNX = "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 9663676416"
MAPPING = "libtorch_cpu.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "out-of-memory"),
        (RuntimeError(TORCH), "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "out-of-memory"),
        (RuntimeError("std::bad_alloc"), "out-of-memory"),
        (Exception(ONNX), "out-of-memory"),
        (ImportError(MAPPING), "out-of-memory"),
        (OSError(MAPPING), "out-of-memory"),
        (RuntimeError("can't start new thread"), "out-of-memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out-of-memory"),
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), "disk-full"),
        (OSError(errno.EACCES, "Permission denied", "a.png"), "no-permission"),
        (OSError(errno.ENOENT, "No such file", "out of memory.png"), "file-unusable"),
        (OSError(errno.EMFILE, "Too many open files"), "too-many-files"),
        (OSError(errno.EIO, "Input/output error", "a.png"), "file-unusable"),
        (sqlite3.OperationalError("database or disk is full"), "disk-full"),
        (sqlite3.DatabaseError("database disk image is malformed"), "gallery-unavailable"),
        (RuntimeError("Could not determine home directory."), "file-unusable"),
        (RaihaError("empty-mask", "No.", "Paint."), "empty-mask"),
    ],
)
def test_each_failure_has_its_cause(error: BaseException, code: str) -> None:
    described = describe_failure(error)
    assert described is not None
    assert described.code == code
    assert described.sentence.endswith(".") and described.remedy.endswith(".")


@pytest.mark.parametrize(
    "bug", [ValueError("no such thing"), KeyError("memory"), RuntimeError("shape mismatch"), ImportError("no module")]
)
def test_a_bug_is_not_explained_away(bug: Exception) -> None:
    assert describe_failure(bug) is None


def test_a_library_that_may_not_be_mapped_is_not_short_of_memory() -> None:
    described = describe_failure(ImportError(f"{MAPPING}: Operation not permitted"))
    assert described is None


@pytest.mark.parametrize("command", [["doctor"], ["gallery", "status"], ["serve"], ["index", "PHOTOS"]])
@pytest.mark.parametrize("below", ["", "x"])
def test_a_file_where_the_data_folder_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], below: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "photos" / "a.png")
    monkeypatch.setenv("RAIHA_DATA_DIR", str(tmp_path / "file" / below))
    words = [str(tmp_path / "photos") if word == "PHOTOS" else word for word in command]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "cannot be used as a folder" in result.output


def test_a_home_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAIHA_DATA_DIR", "~nobody-of-this-name/raiha")
    result = CliRunner().invoke(app, ["gallery", "status", "--json"])
    assert json.loads(result.stdout)["error"]["code"] == "folder-unusable"


def test_doctor_goes_on_after_a_check_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> str:
        raise ZeroDivisionError("no reason")

    monkeypatch.setattr(doctor, "_network", breaks)
    result = CliRunner().invoke(app, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert result.exit_code == 1
    assert checks["network"] == {"name": "network", "ok": False, "found": "ZeroDivisionError: no reason"}
    assert checks["daemon"]["ok"]


@pytest.mark.slow
def test_a_name_that_the_terminal_cannot_show_does_not_change_the_status(tmp_path: Path) -> None:
    (tmp_path / "ähnlich").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "ähnlich" / "größe.png")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "raiha.backend.commands.main"]
    done = subprocess.run([*command, "index", str(tmp_path)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([*command, "gallery", "list"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe.png" in done.stdout


def test_libvips_out_of_memory_is_not_a_damaged_picture() -> None:
    described = describe_failure(pyvips.Error("unable to call", "out of memory --- size == 4GB"))
    assert described is not None
    assert described.code == "out-of-memory"


def test_a_zip_and_a_demonstration_write_over_nothing_of_yours(tmp_path: Path) -> None:
    for name in ("drawing.kra", "sheet.png"):
        (tmp_path / name).write_bytes(b"mine")
    with zipfile.ZipFile(tmp_path / "drawing.kra", "w") as drawing:
        drawing.writestr("maindoc.xml", "<DOC/>")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for words in (
        ["install-plugin", "krita", "--zip", str(tmp_path / "drawing.kra")],
        ["demo", "--out", str(tmp_path)],
    ):
        result = CliRunner().invoke(app, [*words, "--json"])
        assert json.loads(result.stdout)["error"]["code"] == "would-overwrite"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("place", ["gallery.sqlite", "photo.png"])
def test_an_export_does_not_write_over_what_it_reads(tmp_path: Path, place: str) -> None:
    photo = tmp_path / "photos" / "photo.png"
    photo.parent.mkdir()
    Image.effect_noise((64, 64), 50).convert("RGB").save(photo)
    assert CliRunner().invoke(app, ["index", str(photo.parent)]).exit_code == 0
    target = photo if place == photo.name else database_path("default")
    before = target.read_bytes()
    result = CliRunner().invoke(app, ["gallery", "export", str(target), "--overwrite", "--json"])
    assert json.loads(result.stdout)["error"]["code"] == "would-overwrite"
    assert target.read_bytes() == before
