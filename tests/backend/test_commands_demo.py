"""`raiha demo`, `models` and `doctor`: the whole way from photos on disk to a sheet, through a daemon of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raiha.backend.commands import doctor
from raiha.backend.plugin_installer import krita
from raiha.gallery_tools.errors import RaihaError


def raiha(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "raiha.backend.commands.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_demo_harmonizes_a_sample_with_references(tmp_path: Path) -> None:
    ran = raiha("demo", "--out", str(tmp_path), "--json")
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert set(report) == {"layer", "flattened", "before_after", "sheet", "references"}
    layer = np.asarray(Image.open(report["layer"]))
    assert layer.ndim == 3 and layer.shape[2] == 4 and 0 < (layer[..., 3] > 0).mean() < 1
    pictures, sheet = Image.open(report["before_after"]), Image.open(report["sheet"])
    assert sheet.width == pictures.width > 1200 and sheet.height > pictures.height
    chosen, *found = report["references"]
    assert chosen["path"].endswith("coco_000000196393.jpg") and chosen["score"] is None
    assert all(reference["score"] > 0 for reference in found)
    assert raiha("status").returncode == 1  # its daemon ended with it, and was never the user's


def test_the_demo_without_samples_says_what_to_do(tmp_path: Path) -> None:
    ran = raiha("demo", "--out", str(tmp_path), "--samples", str(tmp_path))
    assert ran.returncode == 1
    assert "is not there" in ran.stderr and "--samples" in ran.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["models", "list"], ["models", "pull", "none"], ["demo", "--help"]])
def test_what_needs_no_network_does_not_wait_for_torch(arguments: list[str]) -> None:
    program = f"""
import contextlib, sys
from raiha.backend.commands.main import app
with contextlib.suppress(SystemExit):
    app({arguments})
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "timm", "faiss"} & set(ran.stderr.splitlines())


def test_models_are_listed_with_licences() -> None:
    report = json.loads(raiha("models", "list", "--json").stdout)
    by_name = {one["name"]: one for one in report["extractors"]}
    assert set(by_name) == {"bundled", "dvt-b", "dinov2-s", "dinov2-b"}
    assert by_name["bundled"]["here"] and all(one["licence"] for one in by_name.values())
    assert int(report["network"]["notes"]["samples"]) > 0
    assert raiha("models", "pull", "none").returncode == 2


@pytest.mark.slow
def test_the_doctor_is_content_with_a_fresh_installation() -> None:
    ran = raiha("doctor", "--json")
    report = json.loads(ran.stdout)
    assert ran.returncode == 0 and report["ok"]
    assert {check["name"] for check in report["checks"]} == {
        "versions", "engine", "folders", "disk", "extractor", "network", "galleries", "plug-ins", "daemon"
    }  # fmt: skip


@pytest.mark.slow
def test_the_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    gallery = tmp_path / "data" / "galleries" / "broken"
    gallery.mkdir(parents=True)
    (gallery / "gallery.sqlite").write_bytes(b"this is no database" * 100)
    ran = raiha("doctor", "--json")
    report = json.loads(ran.stdout)
    assert ran.returncode == 1 and not report["ok"]
    assert [check["name"] for check in report["checks"] if not check["ok"]] == ["galleries"]


def test_the_doctor_finds_plugins_that_are_old_or_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert "install-plugin" in doctor._plugins()
    krita.install(tmp_path)
    assert "krita in" in doctor._plugins()
    (installation,) = krita.installations(tmp_path)
    krita.enable(installation.settings, enabled=False)
    with pytest.raises(RaihaError, match="not enabled"):
        doctor._plugins()
    (installation.resources / "pykrita" / "raiha" / "raiha_daemon.json").write_text('{"version": "0.0.1"}')
    with pytest.raises(RaihaError, match="another version"):
        doctor._plugins()
