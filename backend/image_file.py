"""Pictures from and to files, at their full depth and with their profile, through libvips."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from psutil import virtual_memory

from raiha.backend.colour.gray import gray_to_rgb, rgb_profile_of, rgb_to_gray
from raiha.backend.colour.icc_profile import damaged
from raiha.backend.colour.matrix_profile import D65, matrix_profile, parametric_curve, primaries_to_d50
from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.png_colour import profile_of_chunks
from raiha.backend.image_metadata.metadata import Metadata, complete_file, for_format, read_metadata, vips_fields
from raiha.backend.image_metadata.png_chunks import read_chunks
from raiha.backend.image_metadata.tiff_tags import NO_ENTRY, read_tiff
from raiha.backend.pipeline.request import require_mask_size
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import disk_full, is_out_of_memory
from raiha.gallery_tools.whole_file import replace_whole, require_replaceable

WRITERS: Mapping[str, Mapping[str, Any]] = {
    ".png": {},
    ".tif": {"compression": "deflate", "predictor": "horizontal"},
    ".tiff": {"compression": "deflate", "predictor": "horizontal"},
    ".jpg": {"Q": 95, "subsample_mode": "off"},
    ".jpeg": {"Q": 95, "subsample_mode": "off"},
    ".webp": {"lossless": True, "exact": True},
}
"""libvips' options for each format that can be written."""

_MOST_IN_CLASSIC_TIFF = 3 << 30

EIGHT_BIT = (".jpg", ".jpeg", ".webp")

WITHOUT_ALPHA = (".jpg", ".jpeg")

_ADOBE_RGB = matrix_profile(
    primaries_to_d50((D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))), parametric_curve(0, 563 / 256)
)
"""For photos of cameras that name Adobe RGB in their EXIF data and embed no profile."""

_TIFF_JPEG_COMPRESSIONS = (6, 7)
_PHOTOMETRIC, _COMPRESSION = 262, 259
_TIFF_KINDS = {6: "YCbCr", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "raw sensor", 34892: "linear raw"}
"""Of PhotometricInterpretation, those that libvips takes for RGB without converting them."""


@dataclass(frozen=True)
class ImageFile:
    """A picture as it was in its file, upright.

    Attributes:
        pixels: (H, W, 3 or 4) uint8, uint16 or float32 RGB or straight RGBA; white is 255, 65535 or 1.0.
        profile: its ICC profile, always for RGB; None: sRGB.
        metadata: what its file holds beside them.
        resolution: pixels per millimetre, across and down.
    """

    pixels: Pixels
    profile: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    resolution: tuple[float, float] = (2.834645669291339, 2.834645669291339)


def read_image(path: Path) -> ImageFile:
    """Read PNG, TIFF, JPEG, WebP and whatever else libvips reads; gray becomes RGB, EXIF rotation is applied.

    Raises:
        RaihaError: ``no-file``, ``unreadable-image`` (damaged, cut short, no picture), ``not-rgb`` (CMYK and others),
            ``bad-depth``, ``bad-profile``, ``unknown-colours``, ``out-of-memory``.
    """
    image = _open(path)
    chunks = read_chunks(path)
    profile = profile_of_chunks(dict(chunks), _embedded_profile(image))
    metadata = read_metadata(path, image, chunks)
    if profile is None and metadata.tags.interoperability.get(1, NO_ENTRY).data[:3] == b"R03":
        profile = _ADOBE_RGB
    return ImageFile(
        pixels=_rgb(path, image, _decode(path, image)),
        profile=rgb_profile_of(profile) if profile and image.bands < 3 else profile,
        metadata=metadata,
        resolution=(image.xres, image.yres),
    )


def read_mask(path: Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read a mask: from a gray picture, or from a colour picture's luminance; what is transparent is not the object.

    Args:
        path: the file.
        size: height and width that it is to have, compared before its pixels are read; None: any.

    Returns:
        (H, W) uint8, 255 = object.

    Raises:
        RaihaError: as ``read_image``, ``mask-size``, and ``mask-too-dark``: its highest value is 1, or in 16 bits it
            holds only 0 and 255, which is next to nothing of the object where white was meant.
    """
    image = _open(path)
    if size is not None:
        require_mask_size((image.height, image.width), size, "picture")
    decoded = _rgb(path, image, _decode(path, image))
    _refuse_unscaled(path, decoded[..., :3])
    pixels = converted(decoded, np.dtype(np.uint8))
    light: NDArray[np.uint8] = rgb_to_gray(pixels[..., :3])[..., 0]
    if pixels.shape[2] == 3:
        return light
    opaque: NDArray[np.uint16] = light.astype(np.uint16) * pixels[..., 3]
    mask: NDArray[np.uint8] = np.rint(opaque * (1 / 255)).astype(np.uint8)
    return mask


def _refuse_unscaled(path: Path, mask: Pixels) -> None:
    """Refuse a mask of integers whose values were never scaled to the whole range.

    Raises:
        RaihaError: ``mask-too-dark``.
    """
    if not np.issubdtype(mask.dtype, np.integer):
        return
    highest, white = int(mask.max()), np.iinfo(mask.dtype).max
    if highest == 1 or (white == 65535 and highest == 255 and bool(((mask == 0) | (mask == 255)).all())):
        raise RaihaError(
            "mask-too-dark",
            f"The mask {path} is all but black: its highest value is {highest}, where {white} is white.",
            f"Write the object as {white}, or save the mask as a black and white picture of 8 bits.",
            exit_status=2,
        )


def _open(path: Path) -> Any:
    """Open a picture, upright; only its header is read."""
    if not path.is_file():
        raise RaihaError("no-file", f"There is no file {path}.", "Check the name and the folder.", exit_status=2)
    try:
        image = pyvips.Image.new_from_file(str(path), fail_on="truncated", revalidate=True).autorot()
    except pyvips.Error as error:
        raise _unreadable(path, error) from error
    if str(image.get("vips-loader")).startswith("tiff"):
        _require_rgb_tiff(path)
    return image


def _decode(path: Path, image: Any) -> Pixels:
    """Read the pixels, (H, W, channels)."""
    if image.width * image.height * image.bands * _BYTES_OF_FORMAT.get(image.format, 8) > virtual_memory().available:
        raise _too_large(path)
    try:
        return np.atleast_3d(image.numpy())
    except pyvips.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: pyvips.Error) -> RaihaError:
    if is_out_of_memory(error):
        return _too_large(path)
    return RaihaError(
        "unreadable-image",
        f"{path} cannot be read as a picture: it is damaged, cut short, or something else.",
        "Open it in an editor, save it anew as PNG, TIFF, JPEG or WebP, and try again.",
    )


def _too_large(path: Path) -> RaihaError:
    return RaihaError(
        "out-of-memory",
        f"There is not enough memory for {path}.",
        "Close other programs, or crop the picture, and try again.",
    )


_BYTES_OF_FORMAT = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "uint": 4, "int": 4, "float": 4}


def _embedded_profile(image: Any) -> bytes | None:
    return image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else None


def _require_rgb_tiff(path: Path) -> None:
    try:
        tags = read_tiff(path).main
    except ValueError:
        return  # libvips has read it, so its pixels are there
    (kind,) = tags.get(_PHOTOMETRIC, NO_ENTRY).integers() or (None,)
    (compression,) = tags.get(_COMPRESSION, NO_ENTRY).integers() or (None,)
    if kind in _TIFF_KINDS and not (kind == 6 and compression in _TIFF_JPEG_COMPRESSIONS):
        raise RaihaError(
            "not-rgb",
            f"{path.name} holds its colours as {_TIFF_KINDS[kind]}, not as RGB.",
            "Convert it to RGB in an editor and try again.",
        )


def alike(picture: ImageFile, model: ImageFile) -> Pixels:
    """Return the picture's pixels with the depth and in the colour space of another one, (H, W, 3 or 4).

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


def write_image(path: Path, image: ImageFile) -> tuple[str, ...]:
    """Write a picture in the format that the file's name ends with, whole or not at all.

    The file keeps the depth that its format can hold: PNG 8 and 16 bits (floats become 16), TIFF every depth, JPEG and
    WebP 8 bits.

    Returns:
        What of the picture's file is not in the new one, each to be continued by "is not in the result".

    Raises:
        RaihaError: ``unknown-format``, ``no-alpha`` (JPEG holds no transparency), ``not-written``, ``disk-full``.
    """
    ending = path.suffix.lower()
    check_writable(path, alpha=image.pixels.shape[2] == 4)
    pixels = _at_depth(image.pixels, ending)
    names = {1: "srgb", 2: "rgb16", 4: "scrgb"}
    picture = pyvips.Image.new_from_array(
        np.ascontiguousarray(pixels), interpretation=names[pixels.dtype.itemsize]
    ).copy(xres=image.resolution[0], yres=image.resolution[1])
    metadata = for_format(image.metadata, ending)
    for name, value in vips_fields(metadata, ending).items():
        picture.set_type(pyvips.GValue.blob_type, name, value)
    picture.set_type(pyvips.GValue.gint_type, "orientation", 1)
    if image.profile is not None:
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", image.profile)
    options = dict(WRITERS[ending])
    if ending in (".tif", ".tiff") and pixels.nbytes > _MOST_IN_CLASSIC_TIFF:
        options["bigtiff"] = True
    _write_whole(path, picture, options, metadata)
    return metadata.lost


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
    try:
        require_replaceable(path)
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from error


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
    """Return the picture with the depth that the format can hold."""
    if ending in EIGHT_BIT:
        return converted(pixels, np.dtype(np.uint8))
    if ending == ".png" and pixels.dtype.kind == "f":
        return converted(pixels, np.dtype(np.uint16))
    return converted(pixels, np.dtype(np.float32)) if pixels.dtype == np.float16 else pixels


def converted(pixels: Pixels, depth: np.dtype[Any]) -> Pixels:
    """Return the picture as uint8, uint16 or float32, rounded to nearest and limited to what that holds."""
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


def _write_whole(path: Path, picture: Any, options: Mapping[str, Any], metadata: Metadata) -> None:
    try:
        with replace_whole(path) as whole:
            picture.write_to_file(str(whole), **options)
            complete_file(whole, metadata, path.suffix.lower())
    except (OSError, pyvips.Error) as error:
        if "No space left" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
            raise disk_full(f" for {path}") from error
        if is_out_of_memory(error):
            raise
        raise _not_written(path, str(error).strip().splitlines()[0] if str(error).strip() else "unknown") from error


def _not_written(path: Path, why: str) -> RaihaError:
    return RaihaError("not-written", f"{path} could not be written: {why}.", "Choose another file with -o.")
