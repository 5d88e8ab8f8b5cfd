"""The Kritas that the tests run in, with plug-in and test driver in place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from krita_program import ROOTS, WANTED, KritaProgram, virtual_screen


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
    """Return a runtime folder that both the daemon and Krita can reach."""
    folder = krita.work / f"runtime-{krita.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder
