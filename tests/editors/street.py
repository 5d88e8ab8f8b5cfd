"""A street, a car in it under another evening's sun, and photos of that street: a document that has references."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import SAMPLES, Layer
from PIL import Image

SIZE = (960, 640)
STREET = SAMPLES / "photos" / "coco_000000234748.jpg"
CAR = SAMPLES / "masks" / "coco_000000234748_0.png"
EVENING = (1.35, 1.0, 0.55)
"""Factors of red, green and blue: the car comes from a picture in other light."""


class PhotoGallery(NamedTuple):
    """A gallery and the folder that its photos lie in."""

    name: str
    photos: Path


def street_with_a_car() -> list[Layer]:
    """Return a street, and a car in it that looks as if lit by another evening's sun."""
    street = Image.open(STREET).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    mask = Image.open(CAR).convert("L").resize(SIZE, Image.Resampling.LANCZOS)
    box = mask.getbbox()
    assert box is not None
    light = np.asarray(street.crop(box), np.float64) * EVENING
    pixels = np.dstack([np.clip(light, 0, 255).astype(np.uint8), np.asarray(mask.crop(box))])
    return [Layer("picture", 0, 0, np.asarray(street.convert("RGBA"))), Layer("object", box[0], box[1], pixels)]


def photos_of_the_street(folder: Path) -> Path:
    """Write photos of the same street in the same light: a gallery that has references for the car."""
    folder.mkdir()
    street = Image.open(STREET).convert("RGB")
    street.save(folder / "street.jpg", quality=95)
    street.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "street from the other side.jpg", quality=95)
    street.crop((0, 20, 420, 340)).save(folder / "street, nearer.jpg", quality=95)
    return folder
