"""The GIMP that the tests run in, the daemon it finds, and documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import HELD, Daemon, object_layer, picture_layer, running_daemon, write_ora
from gimp_program import EDITORS, Gimp, GimpProgram

ROOTS = {"3.0": EDITORS / "trixie", "3.2": EDITORS / "forky"}
SIZE = (512, 342)


@pytest.fixture(scope="session")
def program() -> GimpProgram:
    version = os.environ.get("RAIHA_TEST_GIMP", "3.0")
    found = GimpProgram(version, ROOTS[version])
    found.install_plugin()
    return found


@pytest.fixture(scope="session")
def runtime(program: GimpProgram) -> Path:
    """A daemon's runtime folder that GIMP sees, too."""
    return program.folder("runtime")


@pytest.fixture(scope="session")
def daemon(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon with the pipeline that users get."""
    with running_daemon(runtime, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def elsewhere(program: GimpProgram) -> Iterator[Path]:
    """A runtime folder of its own, which the plug-in's record names."""
    runtime = program.folder("runtime-elsewhere")
    record = program.plugin / "raiha_daemon.json"
    record.write_text(json.dumps({"runtime_folder": program.inside(runtime)}))
    yield runtime
    record.unlink()


@pytest.fixture
def held(elsewhere: Path, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose jobs do not end by themselves."""
    with running_daemon(elsewhere, tmp_path, HELD) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def folder(program: GimpProgram) -> Path:
    """Where GIMP puts what it dumps."""
    return program.folder("dumps")


@pytest.fixture(scope="session")
def console(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Gimp]:
    """A GIMP without a window."""
    with program.running(folder, runtime) as gimp:
        yield gimp


@pytest.fixture(scope="session")
def document(console: Gimp, program: GimpProgram, folder: Path) -> Path:
    """An object pasted into a picture, as GIMP itself keeps it: that opens in no time."""
    layers = [picture_layer(SIZE), object_layer(150, 60, 200)]
    source = write_ora(folder / "document.ora", layers, "object", SIZE)
    kept = source.with_suffix(".xcf")
    console.do("new_image", path=program.inside(source))
    console.do("save", path=program.inside(kept))
    console.do("forget_image")
    return kept


@pytest.fixture
def gimp(console: Gimp, program: GimpProgram, document: Path) -> Iterator[Gimp]:
    """A GIMP with the document open, and nothing left behind by the test before."""
    before = console.do("open_images")
    console.do("new_image", path=program.inside(document))
    yield console
    console.do("forget_image")
    assert console.do("open_images") == before, "a copy of the image was left behind"
