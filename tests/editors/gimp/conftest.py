"""The GIMP that the tests run in, its daemon, and documents."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import HELD, OBJECT, Daemon, object_layer, picture_layer, raiha, running_daemon, write_ora
from desk import Desk, new_desk
from gimp_program import EDITORS, Gimp, GimpProgram
from street import SIZE as STREET_SIZE
from street import PhotoGallery, photos_of_the_street, street_with_a_car

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
    """Return a runtime folder that both the daemon and GIMP can reach."""
    return program.folder("runtime")


@pytest.fixture(scope="session")
def daemon(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with the pipeline that users get."""
    with running_daemon(runtime, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def elsewhere(program: GimpProgram) -> Iterator[Path]:
    """Return a runtime folder of the test's own, which the plug-in's record names."""
    runtime = program.folder("runtime-elsewhere")
    record = program.plugin / "raiha_daemon.json"
    record.write_text(json.dumps({"runtime_folder": program.inside(runtime)}))
    yield runtime
    record.unlink()


@pytest.fixture
def held(elsewhere: Path, tmp_path: Path) -> Iterator[Daemon]:
    """Run a daemon whose jobs do not end by themselves."""
    with running_daemon(elsewhere, tmp_path, HELD) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def folder(program: GimpProgram) -> Path:
    """Return the folder for GIMP's dumps."""
    return program.folder("dumps")


@pytest.fixture(scope="session")
def console(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Gimp]:
    """Run a GIMP without a window."""
    with program.running(folder, runtime) as gimp:
        yield gimp


@pytest.fixture(scope="session")
def document(console: Gimp, program: GimpProgram, folder: Path) -> Path:
    """Return an XCF of an object pasted into a picture, which GIMP opens quickly."""
    layers = [picture_layer(SIZE), object_layer(150, 60, 200)]
    source = write_ora(folder / "document.ora", layers, "object", SIZE)
    kept = source.with_suffix(".xcf")
    console.do("new_image", path=program.inside(source))
    console.do("save", path=program.inside(kept))
    console.do("forget_image")
    return kept


@pytest.fixture
def gimp(console: Gimp, program: GimpProgram, document: Path) -> Iterator[Gimp]:
    """Return a GIMP with the document open and nothing left over from the previous test."""
    before = console.do("open_images")
    console.do("new_image", path=program.inside(document))
    yield console
    console.do("forget_image")
    assert console.do("open_images") == before, "a copy of the image was left behind"


@pytest.fixture(scope="session")
def windowed(program: GimpProgram, folder: Path, runtime: Path) -> Iterator[Desk]:
    """Run a GIMP with a window."""
    with new_desk(program, folder, runtime) as found:
        yield found


@pytest.fixture(scope="session")
def street(folder: Path) -> Path:
    """Return a street with a car in it that is to be harmonized."""
    return write_ora(folder / "photo.ora", street_with_a_car(), "object", STREET_SIZE)


@pytest.fixture
def desk(windowed: Desk, street: Path) -> Iterator[Desk]:
    """Return a GIMP with a window, the street open in it and nothing left over from the previous test."""
    windowed.gimp.do("forget_settings")
    windowed.open(street)
    yield windowed
    windowed.close_dialogs()
    windowed.wait_for_end()
    windowed.gimp.do("close_window")


@pytest.fixture(scope="session")
def holidays(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> PhotoGallery:
    """Return a gallery with three photos of the street."""
    photos = photos_of_the_street(tmp_path_factory.mktemp("holidays") / "photos")
    raiha(daemon.environment, "index", photos, "--gallery", "holidays")
    return PhotoGallery("holidays", photos)


@pytest.fixture
def photo_on_disk(program: GimpProgram) -> Iterator[Path]:
    """Return a photo that GIMP in its chroot and the daemon outside find under the same path."""
    inside = program.folder("desktop") / "own photo.jpg"
    outside = Path(program.inside(inside))
    outside.parent.mkdir(parents=True, exist_ok=True)
    for path in (inside, outside):
        shutil.copy(OBJECT, path)
    yield outside
    shutil.rmtree(outside.parent)
