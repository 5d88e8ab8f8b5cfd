"""What a driven Krita dumped, as arrays, and the same request asked without Krita."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import raiha
from krita_program import KritaProgram
from numpy.typing import NDArray

from raiha.backend.client.raiha_client import Client, Frame
from raiha.backend.image_file import ImageFile, read_image, write_image

DTYPES = {"U8": "uint8", "U16": "uint16", "F16": "float16", "F32": "float32"}
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4}
SRGB_LIKE = ("sRGB-elle-V2-srgbtrc.icc", "Gray-D50-elle-V2-srgbtrc.icc")
Pixels = NDArray[Any]


def pixels_of(asked: dict[str, Any], folder: Path, file: str, size: list[int] | None = None) -> Pixels:
    """Return dumped pixels as (height, width, channels), channels as Krita orders them."""
    width, height = size or asked["rect"][2:]
    flat = np.fromfile(folder / file, DTYPES[asked["depth"]])
    return flat.reshape(height, width, CHANNELS[asked["model"]])


def answer_without_krita(
    krita: KritaProgram, runtime: Path, asked: dict[str, Any], folder: Path, layer: Pixels, mask: Pixels | None
) -> Pixels:
    """Return what the daemon makes of the dumped layer and background, asked by a program of our own."""
    background = pixels_of(asked, folder, asked["background"], asked["canvas"])
    with Client.connect(runtime, name="test") as client:
        job = client.harmonize(
            layer=_frame(layer, asked),
            background=_frame(background, asked),
            mask=None if mask is None else Frame(mask, mask.shape[1], mask.shape[0], "GRAY", "uint8"),
            profile=_profile(krita, asked["profile"]),
            offset=(asked["rect"][0], asked["rect"][1]),
        )
        result = job.wait()
    assert result is not None and result.layer is not None
    return np.frombuffer(result.layer.data, layer.dtype).reshape(layer.shape)


def answer_of_command(
    krita: KritaProgram, own: dict[str, str], asked: dict[str, Any], folder: Path, layer: Pixels, *options: str | Path
) -> Pixels:
    """Return what ``raiha harmonize`` with options makes of files with the dumped layer and background."""
    background = pixels_of(asked, folder, asked["background"], asked["canvas"])
    profile = _profile(krita, asked["profile"])
    files = [folder / f"{name}.tif" for name in ("layer", "background", "out")]
    for file, pixels in zip(files, (layer, background), strict=False):
        write_image(file, ImageFile(_rgba(pixels, asked), profile))
    x, y = asked["rect"][:2]
    raiha(own, "harmonize", files[0], "--background", files[1], f"--offset={x},{y}", *options, "-o", files[2])
    return _rgba(read_image(files[2]).pixels, asked)


def _rgba(pixels: Pixels, asked: dict[str, Any]) -> Pixels:
    """Return RGBA of Krita's order, or Krita's order of RGBA: blue and red change places."""
    return pixels[..., [2, 1, 0, 3]] if order_of(asked) == "BGRA" else pixels


def _frame(pixels: Pixels, asked: dict[str, Any]) -> Frame:
    height, width = pixels.shape[:2]
    return Frame(np.ascontiguousarray(pixels), width, height, order_of(asked), DTYPES[asked["depth"]])


def order_of(asked: dict[str, Any]) -> str:
    """Return the protocol's word for Krita's order of channels."""
    if asked["model"] == "GRAYA":
        return "GRAYA"
    return "BGRA" if asked["depth"] in ("U8", "U16") else "RGBA"


def _profile(krita: KritaProgram, name: str) -> bytes | None:
    """Return a profile as Krita ships it; None for the ones that mean sRGB."""
    folder = krita.root / "usr" / "share" / "color" / "icc" / "krita"
    return None if name in SRGB_LIKE else (folder / name).read_bytes()
