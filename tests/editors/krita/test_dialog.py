"""The dialog in a real Krita, with the real pipeline: what a user sees, in the pictures of the guide, too."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from asked import pixels_of
from common import IMAGES, SAMPLES, Layer, raiha, running_daemon, write_ora
from krita_program import KritaProgram
from PIL import Image

SIZE = (960, 640)
STREET = SAMPLES / "photos" / "coco_000000234748.jpg"
CAR = SAMPLES / "masks" / "coco_000000234748_0.png"
EVENING = (1.35, 1.0, 0.55)
"""Factors of red, green and blue: the car comes from a picture in other light."""

PICTURES = ("krita-menu", "krita-dialog", "krita-dialog-references", "krita-progress", "krita-result")


def street_with_a_car() -> list[Layer]:
    """A street, and a car in it as if another evening's sun lay on it."""
    street = Image.open(STREET).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    mask = Image.open(CAR).convert("L").resize(SIZE, Image.Resampling.LANCZOS)
    box = mask.getbbox()
    assert box is not None
    light = np.asarray(street.crop(box), np.float64) * EVENING
    pixels = np.dstack([np.clip(light, 0, 255).astype(np.uint8), np.asarray(mask.crop(box))])
    return [Layer("picture", 0, 0, np.asarray(street.convert("RGBA"))), Layer("object", box[0], box[1], pixels)]


def photos_of_the_street(folder: Path) -> Path:
    """Photos that show the same street in the same light: a gallery that has references for the car."""
    folder.mkdir()
    street = Image.open(STREET).convert("RGB")
    street.save(folder / "street.jpg", quality=95)
    street.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "street from the other side.jpg", quality=95)
    street.crop((0, 20, 420, 340)).save(folder / "street, nearer.jpg", quality=95)
    return folder


def test_dialog_from_preview_to_undo(krita: KritaProgram, runtime: Path, tmp_path: Path) -> None:
    document = write_ora(tmp_path / "photo.ora", street_with_a_car(), "object", SIZE)
    photos = photos_of_the_street(tmp_path / "photos")
    with running_daemon(runtime, runtime / "data") as daemon:
        raiha(daemon.environment, "index", photos, "--gallery", "holidays")
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
