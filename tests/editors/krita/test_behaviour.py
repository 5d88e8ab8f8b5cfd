"""What Krita's plug-in says and does when things are not as they should be, on the real Krita."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from asked import answer_without_krita, pixels_of
from common import HELD, object_layer, picture_layer, raiha, running_daemon, write_ora
from filelock import FileLock
from krita_program import KritaProgram

SIZE = (512, 342)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    layers = [picture_layer(SIZE), object_layer(260, 120, 160)]
    return write_ora(tmp_path / "behaviour.ora", layers, "object", SIZE)


def test_unfit_layers_are_refused_before_a_daemon_is_started(
    krita: KritaProgram, runtime: Path, document: Path
) -> None:
    krita.install_plugin({"command": ["/nowhere/raiha", "serve"]})
    try:
        found, _ = krita.run("refusals", [document], runtime, "refusals")
    finally:
        krita.install_plugin()
    beginnings = {
        "hidden": "The layer “object” is hidden.",
        "locked": "The layer “object” is locked.",
        "alone": "Nothing is visible apart from the layer “object”.",
        "selection": "The selection does not overlap the layer “object”.",
        "empty": "The layer “empty” is empty.",
        "wrong-layer": "“picture” covers the whole picture, and “object” lies above it. Harmonize “object” instead?",
        "flat": "The layer “picture” covers the whole picture. Select the object first, or put it on its own layer.",
    }
    assert found["wrong-layer"]["buttons"] == ["Cancel", "Harmonize “object”"]
    assert found.pop("without-a-document") == [False, False]
    assert set(found) == set(beginnings)
    for kind, said in found.items():
        assert said["said"].startswith(beginnings[kind])
        assert said["unchanged"]


def test_several_layers_and_in_place_leave_another_document_alone(
    krita: KritaProgram, runtime: Path, document: Path
) -> None:
    with running_daemon(runtime, runtime / "data"):
        other = shutil.copy(document, document.with_name("other.ora"))
        found, folder = krita.run("several", [other, document], runtime, "several")
        several = found["several"]
        for name, asked in several["asked"].items():
            layer = pixels_of(asked, folder, asked["pixels"])
            wanted = answer_without_krita(krita, runtime, asked, folder, layer, None)
            np.testing.assert_array_equal(pixels_of(asked, folder, several["result"][name]), wanted)
    assert several["visible"] == {
        "picture": True,
        "object": False,
        "object (harmonized)": True,
        "second": False,
        "second (harmonized)": True,
    }
    assert several["undone"]
    assert found["in-place"] == {"names": ["picture", "object", "second"], "changed": True, "undone": True}
    assert found["other_unchanged"]


def test_cancelled_and_killed_jobs_leave_the_document_alone(krita: KritaProgram, runtime: Path, document: Path) -> None:
    with running_daemon(runtime, runtime / "data", HELD) as daemon:
        found, _ = krita.run("interrupted", [document], runtime, "interrupted")
        daemon.process.wait()
    unchanged = {"said": None, "unchanged": True, "modified": False}
    assert found["dialog-cancelled"] == unchanged
    assert found["cancelled"] == unchanged
    said = found["killed"].pop("said")
    assert found["killed"] == {"unchanged": True, "modified": False}
    assert said.startswith("The Raiha daemon stopped or closed the connection")
    assert "Log file: " in said


def test_daemon_of_another_protocol_is_named(krita: KritaProgram, runtime: Path, document: Path) -> None:
    fields = {"protocol": 99, "version": "9.9", "pid": 1, "endpoint": "tcp://127.0.0.1:9", "key": "00" * 32}
    (runtime / "raiha-daemon.json").write_text(json.dumps({**fields, "log": "/nowhere/log"}), "utf-8")
    with FileLock(runtime / "raiha-daemon.lock"):  # which shows that it lives
        found, _ = krita.run("starting", [document], runtime, "other-version")
    assert found["said"].startswith("The running Raiha daemon (version 9.9) uses protocol 99")
    assert "Manual.html" in found["said"]
    assert found["unchanged"]


def test_daemon_that_cannot_start_is_explained(krita: KritaProgram, runtime: Path, document: Path) -> None:
    krita.install_plugin({"command": ["/nowhere/raiha", "serve"]})
    try:
        found, _ = krita.run("starting", [document], runtime, "cannot-start")
    finally:
        krita.install_plugin()
    assert found["said"].startswith("The Raiha daemon could not be started")
    assert "Manual.html" in found["said"]
    assert "Log file: " in found["said"]
    assert found["unchanged"]


def test_daemon_is_started_when_there_is_none(krita: KritaProgram, runtime: Path, document: Path) -> None:
    if krita.root != Path("/"):
        pytest.skip("the recorded command lies outside the chroot")
    own = {**os.environ, "RAIHA_RUNTIME_DIR": str(runtime)}
    try:
        found, _ = krita.run("starting", [document], runtime, "starting")
        assert found["said"] is None
        assert found["names"] == ["picture", "object", "object (harmonized)"]
        assert raiha(own, "status")["pid"]
    finally:
        stopped = raiha(own, "stop")
    assert stopped["stopped"]
