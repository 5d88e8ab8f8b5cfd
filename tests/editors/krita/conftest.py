"""The Kritas that the tests run in, with plug-in and test driver in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from krita_program import EDITORS, KritaProgram, virtual_screen

ROOTS = {"krita-5.1": Path("/"), "krita-5.2": EDITORS / "trixie"}
WANTED = os.environ.get("RAIHA_TEST_KRITA", ",".join(ROOTS)).split(",")


@pytest.fixture(scope="session")
def display() -> Iterator[int]:
    with virtual_screen() as number:
        yield number


@pytest.fixture(scope="session", params=WANTED)
def krita(request: pytest.FixtureRequest, display: int) -> KritaProgram:
    program = KritaProgram(request.param, ROOTS[request.param], display)
    program.install_plugin()
    return program


@pytest.fixture
def runtime(krita: KritaProgram) -> Path:
    """A daemon's runtime folder that Krita sees, too."""
    folder = krita.work / f"runtime-{krita.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder
