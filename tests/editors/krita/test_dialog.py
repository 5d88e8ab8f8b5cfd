"""The dialog in a real Krita, with the real pipeline: what a user sees, in the pictures of the guide, too."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from asked import pixels_of
from common import IMAGES, SAMPLES, object_layer, picture_layer, raiha, running_daemon, write_ora
from krita_program import KritaProgram

SIZE = (960, 641)
PICTURES = ("krita-menu", "krita-dialog", "krita-dialog-references", "krita-progress", "krita-result")


def test_dialog_from_preview_to_undo(krita: KritaProgram, runtime: Path, tmp_path: Path) -> None:
    layers = [picture_layer(SIZE), object_layer(520, 200, 340)]
    document = write_ora(tmp_path / "photo.ora", layers, "object", SIZE)
    with running_daemon(runtime, runtime / "data") as daemon:
        raiha(daemon.environment, "index", SAMPLES / "photos", "--gallery", "holidays")
        found, folder = krita.run("dialog", [document], runtime, "dialog")
    assert found["shortcut"] == "Ctrl+Alt+H"
    assert {"Preview", "QSlider", "QSpinBox", "QComboBox", "QPushButton"} <= set(found["reached"])
    assert found["split_moved"]
    assert found["different_strengths"] == 5
    assert len(found["references"]) > 1
    excluded, pinned = (found["references"][row].splitlines()[0] for row in (0, 1))
    again = dict(line.splitlines() for line in found["references_again"])
    assert again[excluded] == "Excluded"
    assert again[pinned] == "Pinned"
    asked = found["asked"]
    layer = pixels_of(asked, folder, asked["pixels"])
    np.testing.assert_array_equal(pixels_of(asked, folder, found["pixels"])[..., 3], layer[..., 3])
    assert found["undone"]
    assert found["remembered"] == [70, "colour", "holidays"]
    if krita.name == "krita-5.2":
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name in PICTURES:
            shutil.copy(folder / f"{name}.png", IMAGES / f"{name}.png")
