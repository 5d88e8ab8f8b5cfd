"""The same document, harmonized in Krita and in GIMP by the same daemon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Daemon, write_ora
from dumped import pixels
from gimp_program import EDITORS, Gimp, GimpProgram
from krita_program import KritaProgram, virtual_screen
from street import SIZE, street_with_a_car


def test_krita_and_gimp_give_the_same_layer(
    gimp: Gimp, program: GimpProgram, daemon: Daemon, runtime: Path, folder: Path, tmp_path: Path
) -> None:
    layers = street_with_a_car()
    document = write_ora(folder / "street.ora", layers, "object", SIZE)
    gimp.do("forget_image")
    gimp.do("new_image", path=program.inside(document))
    assert gimp.do("harmonize", layers=["object"])["status"] == "success"
    of_gimp = pixels(folder, gimp.do("dump", name="object (harmonized", file="result.raw"))
    with virtual_screen() as display:
        # A home of its own: other tests may be driving Krita 5.2 at the same time.
        krita = KritaProgram("krita-beside-gimp", EDITORS / "trixie", display)
        krita.install_plugin()
        found, out = krita.run("once", [document], runtime, "once")
    assert found["error"] is None
    left, top, width, height = found["rect"]
    of_krita = np.fromfile(out / found["pixels"], np.uint8).reshape(height, width, 4)[..., [2, 1, 0, 3]]
    same_part = of_gimp[top - layers[1].y :, left - layers[1].x :][:height, :width]
    seen = same_part[..., 3] > 0
    assert np.array_equal(of_krita[seen], same_part[seen])
    assert not np.array_equal(of_gimp[..., :3], layers[1].pixels[..., :3])
