"""Seconds that a 24-megapixel document costs inside real editors; prints one JSON object.

    RAIHA_TEST_KRITA=krita-5.2 .venv/bin/python benchmarks/editors.py krita
    RAIHA_TEST_GIMP=3.0,3.2 .venv/bin/python benchmarks/editors.py gimp

The editors have to be there: ``.ci/editors.sh``. Each has a layer of 24 megapixels over a picture as large, RGBA with
8 bits, and the real daemon: seconds to read the layer, to flatten the picture without it, for the round trip to the
daemon (its work is in there), to write the result, and the largest gap of the editor's event loop. GIMP's plug-ins are
programs of their own, so what counts there is the dialog: its largest gap, how many milliseconds it takes from a move
of each slider to the picture on the screen, and how many seconds from 1:1 to the layer's own pixels on the screen.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

EDITOR_TESTS = Path(__file__).resolve().parents[1] / "tests" / "editors"
sys.path[:0] = [str(EDITOR_TESTS), str(EDITOR_TESTS / "krita"), str(EDITOR_TESTS / "gimp")]

from common import Layer, object_layer, picture_layer, running_daemon, write_ora  # noqa: E402
from desk import new_desk  # noqa: E402
from gimp_program import GimpProgram  # noqa: E402
from krita_program import EDITORS, ROOTS, WANTED, KritaProgram, virtual_screen  # noqa: E402

SIZE = (6000, 4000)
SECONDS = ("read_s", "background_s", "round_trip_s", "write_s", "whole_s")
GIMPS = {"3.0": EDITORS / "trixie", "3.2": EDITORS / "forky"}


def large_document(folder: Path) -> Path:
    """Return a picture of 24 megapixels and a layer as large with an object in its middle."""
    small = object_layer(0, 0, 2600).pixels
    pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
    pixels[top : top + small.shape[0], left : left + small.shape[1]] = small
    pixels[[0, -1], [0, -1], 3] = 1
    layers = [picture_layer(SIZE), Layer("object", 0, 0, pixels)]
    return write_ora(folder / "large.ora", layers, "object", SIZE)


def krita(document: Path) -> dict[str, Any]:
    """Return the figures of every Krita asked for, by its name."""
    with virtual_screen() as display:
        return {name: one_krita(KritaProgram(name, ROOTS[name], display), document) for name in WANTED}


def one_krita(program: KritaProgram, document: Path) -> dict[str, Any]:
    """Return the figures of one Krita: medians of the rounds, and their largest gap."""
    program.install_plugin()
    with daemon_for(program.work / f"runtime-benchmark-{program.name}") as runtime:
        found, _ = program.run("large", [document], runtime, "large")
    rounds = found["rounds"]
    medians = {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0] if name in SECONDS}
    gaps = [figures["largest_gap_s"] for figures in rounds]
    return {**medians, "largest_gap_s": max(gaps), **found}


def gimp(document: Path) -> dict[str, Any]:
    """Return the figures of every GIMP asked for, by its name."""
    wanted = os.environ.get("RAIHA_TEST_GIMP", "3.0").split(",")
    return {f"gimp-{version}": one_gimp(GimpProgram(version, GIMPS[version]), document) for version in wanted}


def one_gimp(program: GimpProgram, document: Path) -> dict[str, Any]:
    """Return figures of one GIMP, of the second of two runs, as the first loads the weights, and of its dialog."""
    program.install_plugin()
    folder = program.folder("benchmark")
    copy = Path(shutil.copy(document, folder))
    with (
        daemon_for(program.folder("runtime-benchmark")) as runtime,
        new_desk(program, folder, runtime) as desk,
    ):
        found: dict[str, Any] = {}
        for _ in range(2):
            desk.gimp.do("new_image", path=program.inside(copy))
            found = desk.gimp.do("measure")
            desk.gimp.do("forget_image")
        desk.gimp.do("new_image", path=program.inside(copy))
        found["dialog"] = desk.gimp.do("measure_dialog")
        desk.gimp.do("forget_image")
    return found


@contextmanager
def daemon_for(runtime: Path) -> Iterator[Path]:
    """Return a real daemon that an editor finds in a runtime folder."""
    with tempfile.TemporaryDirectory() as data, running_daemon(runtime, Path(data)):
        yield runtime


BENCHMARKS = {"krita": krita, "gimp": gimp}


def main() -> None:
    """Run the benchmarks of the editors that are named on the command line, or of all."""
    with tempfile.TemporaryDirectory() as folder:
        document = large_document(Path(folder))
        figures = {name: BENCHMARKS[name](document) for name in sys.argv[1:] or BENCHMARKS}
    print(json.dumps({"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), **figures}))


if __name__ == "__main__":
    main()
