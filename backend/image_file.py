"""Pictures from and to files, at their full depth and with their profile, through libvips."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from raiha.backend.colour.gray import gray_to_rgb, rgb_profile_of, rgb_to_gray
from raiha.backend.colour.icc_profile import damaged
from raiha.backend.colour.pixels import Pixels
from raiha.gallery_tools.errors import RaihaError

WRITERS: Mapping[str, Mapping[str, Any]] = {
    ".png": {},
    ".tif": {"compression": "deflate", "predictor": "horizontal"},
    ".tiff": {"compression": "deflate", "predictor": "horizontal"},
    ".jpg": {"Q": 95, "subsample_mode": "off"},
    ".jpeg": {"Q": 95, "subsample_mode": "off"},
    ".webp": {"lossless": True, "exact": True},
}
"""libvips' options for each format that can be written."""

EIGHT_BIT = (".jpg", ".jpeg", ".webp")

WITHOUT_ALPHA = (".jpg", ".jpeg")

CARRIED = ("exif-", "xmp-data", "iptc-data", "resolution-unit")
"""Beginnings of the names of the metadata that go from the picture read to the picture written."""


@dataclass(frozen=True)
class ImageFile:
    """A picture as it was in its file, upright.

    Attributes:
        pixels: (H, W, 3 or 4) uint8, uint16 or float32 RGB or straight RGBA; white is 255, 65535 or 1.0.
        profile: its ICC profile, always for RGB; None: sRGB.
        metadata: libvips' names of EXIF, XMP and IPTC fields with their types and values.
        resolution: pixels per millimetre, across and down.
    """

    pixels: Pixels
    profile: bytes | None = None
    metadata: Mapping[str, tuple[int, Any]] = field(default_factory=dict)
    resolution: tuple[float, float] = (2.834645669291339, 2.834645669291339)


def read_image(path: Path) -> ImageFile:
    """Read PNG, TIFF, JPEG, WebP and whatever else libvips reads; gray becomes RGB, EXIF rotation is applied.

    Raises:
        RaihaError: ``no-file``, ``unreadable-image`` (damaged, cut short, no picture), ``not-rgb`` (CMYK and others),
            ``bad-depth``.
    """
    if not path.is_file():
        raise RaihaError("no-file", f"There is no file {path}.", "Check the name and the folder.", exit_status=2)
    try:
        image = pyvips.Image.new_from_file(str(path), fail_on="truncated", revalidate=True).autorot()
        pixels = image.numpy()
    except pyvips.Error as error:
        raise RaihaError(
            "unreadable-image",
            f"{path} cannot be read as a picture: it is damaged, cut short, or something else.",
            "Open it in an editor, save it anew as PNG, TIFF, JPEG or WebP, and try again.",
        ) from error
    profile = image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else None
    return ImageFile(
        pixels=_rgb(path, image, np.atleast_3d(pixels)),
        profile=rgb_profile_of(profile) if profile and image.bands < 3 else profile,
        metadata={
            name: (image.get_typeof(name), image.get(name)) for name in image.get_fields() if name.startswith(CARRIED)
        },
        resolution=(image.xres, image.yres),
    )


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask: (H, W) uint8, 255 = object, from a gray picture, or from a colour picture's luminance.

    Raises:
        RaihaError: as ``read_image``.
    """
    pixels = read_image(path).pixels[..., :3]
    light = rgb_to_gray(converted(pixels, np.dtype(np.uint8)))
    mask: NDArray[np.uint8] = light[..., 0]
    return mask


def alike(picture: ImageFile, model: ImageFile) -> Pixels:
    """The picture's pixels with the depth and in the colour space of another one, (H, W, 3 or 4).

    Colours that the other space or 16 bits cannot hold are limited to what they can.

    Raises:
        RaihaError: ``bad-profile``.
    """
    depth = model.pixels.dtype
    if picture.profile == model.profile:
        return converted(picture.pixels, depth)
    deep = converted(picture.pixels, np.dtype(np.uint16))
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, profile in (("from.icc", picture.profile), ("to.icc", model.profile)):
            (Path(folder) / name).write_bytes(profile or b"")
            names.append(str(Path(folder) / name) if profile else "srgb")
        try:
            colours = pyvips.Image.new_from_array(np.ascontiguousarray(deep[..., :3]), interpretation="rgb16")
            moved = colours.icc_transform(names[1], input_profile=names[0], intent="relative", depth=16).numpy()
        except pyvips.Error as error:
            raise damaged() from error
    return converted(np.concatenate([moved, deep[..., 3:]], axis=2), depth)


def write_image(path: Path, image: ImageFile) -> None:
    """Write a picture in the format that the file's name ends with, whole or not at all.

    The file keeps the depth that its format can hold: PNG 8 and 16 bits (floats become 16), TIFF every depth, JPEG and
    WebP 8 bits. EXIF is not written into TIFF, which libvips cannot do; resolution, XMP and IPTC are.

    Raises:
        RaihaError: ``unknown-format``, ``no-alpha`` (JPEG holds no transparency), ``not-written``.
    """
    ending = path.suffix.lower()
    check_writable(path, alpha=image.pixels.shape[2] == 4)
    pixels = _at_depth(image.pixels, ending)
    names = {1: "srgb", 2: "rgb16", 4: "scrgb"}
    picture = pyvips.Image.new_from_array(
        np.ascontiguousarray(pixels), interpretation=names[pixels.dtype.itemsize]
    ).copy(xres=image.resolution[0], yres=image.resolution[1])
    for name, (kind, value) in image.metadata.items():
        picture.set_type(kind, name, value)
    picture.set_type(pyvips.GValue.gint_type, "orientation", 1)
    if image.profile is not None:
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", image.profile)
    _write_whole(path, picture, WRITERS[ending])


def check_writable(path: Path, *, alpha: bool) -> None:
    """Tell before the work is done whether ``write_image`` can write to this file.

    Raises:
        RaihaError: ``unknown-format``, ``no-alpha``, ``not-written``.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise RaihaError(
            "unknown-format",
            f"{path.name} does not end with the name of a format that can be written.",
            "Let it end with .png, .tif, .jpg or .webp.",
            exit_status=2,
        )
    if alpha and ending in WITHOUT_ALPHA:
        raise RaihaError(
            "no-alpha",
            "JPEG cannot hold the layer's transparency.",
            "Write to a .png, .tif or .webp file.",
            exit_status=2,
        )
    if not path.parent.is_dir():
        raise _not_written(path, f"there is no folder {path.parent}")


def _rgb(path: Path, image: Any, pixels: Pixels) -> Pixels:
    """Three or four channels of a depth that is known."""
    if image.interpretation in ("cmyk", "lab", "labs", "xyz") or pixels.shape[2] > 4:
        raise RaihaError(
            "not-rgb",
            f"{path.name} is a {image.interpretation.upper()} picture with {pixels.shape[2]} channels, not RGB.",
            "Convert it to RGB in an editor and try again.",
        )
    if pixels.dtype == np.float64:
        pixels = pixels.astype(np.float32)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise RaihaError(
            "bad-depth",
            f"{path.name} has {pixels.dtype} values, which are not understood.",
            "Save it with 8 or 16 bits a channel, or as 32-bit float.",
        )
    return gray_to_rgb(pixels) if pixels.shape[2] < 3 else pixels


def _at_depth(pixels: Pixels, ending: str) -> Pixels:
    """The same picture with the depth that the format can hold."""
    if ending in EIGHT_BIT:
        return converted(pixels, np.dtype(np.uint8))
    if ending == ".png" and pixels.dtype.kind == "f":
        return converted(pixels, np.dtype(np.uint16))
    return converted(pixels, np.dtype(np.float32)) if pixels.dtype == np.float16 else pixels


def converted(pixels: Pixels, depth: np.dtype[Any]) -> Pixels:
    """The same picture at another depth: uint8, uint16 or float32, rounded to nearest and limited to what it holds."""
    if pixels.dtype == depth:
        return pixels
    result = np.empty(pixels.shape, dtype=depth)
    step = max(1, (1 << 20) // max(1, pixels[0].size))
    scale = _white(depth) / _white(pixels.dtype)
    for top in range(0, len(pixels), step):
        values = pixels[top : top + step].astype(np.float32) * np.float32(scale)
        if depth.kind == "u":
            values = np.rint(np.nan_to_num(values)).clip(0, _white(depth))
        result[top : top + step] = values
    return result


def _white(depth: np.dtype[Any]) -> float:
    return float(np.iinfo(depth).max) if depth.kind == "u" else 1.0


def _write_whole(path: Path, picture: Any, options: Mapping[str, Any]) -> None:
    """Write beside the file and rename: a reader sees the old file or the new one, never a part."""
    try:
        with tempfile.TemporaryDirectory(prefix=".raiha-", dir=path.parent) as folder:
            whole = Path(folder) / path.name
            picture.write_to_file(str(whole), **options)
            whole.replace(path)
    except (OSError, pyvips.Error) as error:
        raise _not_written(path, str(error).strip().splitlines()[0] if str(error).strip() else "unknown") from error


def _not_written(path: Path, why: str) -> RaihaError:
    return RaihaError("not-written", f"{path} could not be written: {why}.", "Choose another file with -o.")
