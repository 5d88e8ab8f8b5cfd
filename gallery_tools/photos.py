"""Reading a photo as upright 8-bit sRGB pixels."""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import is_out_of_memory
from raiha.gallery_tools.photo_folders import HAS_HEIF, RAW_SUFFIXES
from raiha.gallery_tools.srgb import to_eight_bits, to_srgb

SMALLEST_SIDE = 16
"""Pixels: less than one patch says nothing about content or light."""
LARGEST_FILE = 2**30
"""Bytes: a file is read at once."""
MOST_PIXELS = 100_000_000
"""Pixels decoded at once (400 MB in Pillow); a JPEG of eight times the sides is decoded at an eighth."""
_MANY_PIXELS = 25_000_000

if HAS_HEIF:
    import pillow_heif

    pillow_heif.register_heif_opener()

# The limits above are lower than the size at which Pillow warns, or have been weighed against it.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# Large photos are decoded one at a time, so that threads do not multiply what they take.
_one_large_photo = threading.Lock()


class UnreadablePhoto(RaihaError):  # noqa: N818  (it is one)
    """A photo that cannot be read.

    Attributes:
        reason: why, as it continues the sentence "Skipped, because it ...".
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__("unreadable-photo", f"{path} cannot be used: it {reason}.", "Choose or export another photo.")
        self.reason = reason


@dataclass(frozen=True)
class Photo:
    """A photo in memory.

    Attributes:
        pixels: (h, w, 3) uint8 sRGB, upright, perhaps smaller than the file.
        width: upright width of the photo in the file, pixels.
        height: upright height of the photo in the file, pixels.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int


def load_photo(path: Path, max_side: int | None = None) -> NDArray[np.uint8]:
    """Return a photo's pixels: EXIF rotation and embedded profile applied, transparent parts on white.

    Args:
        path: JPEG, PNG, WebP, TIFF or AVIF; HEIF and raw photos when their extras are installed.
        max_side: longer side of the result at most, pixels; small photos are not enlarged. None: full size.

    Returns:
        (h, w, 3) uint8 sRGB.

    Raises:
        UnreadablePhoto: the file is missing, closed to us, damaged, no photo, too small or too large.
    """
    return decode_photo(path, read_file(path), max_side).pixels


def read_file(path: Path) -> bytes:
    """Return the bytes of a photo's file.

    Raises:
        UnreadablePhoto: it cannot be opened, is not a plain file, or is too large.
    """
    try:
        # Nobody waits for the other end of a pipe that has taken the photo's place.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadablePhoto(path, "is not a file")
            if status.st_size > LARGEST_FILE:
                raise UnreadablePhoto(path, f"is larger than {LARGEST_FILE // 2**20} MB")
            return file.read(LARGEST_FILE)
    except OSError as error:
        raise UnreadablePhoto(path, f"cannot be opened ({error.strerror})") from error


def decode_photo(path: Path, data: bytes, max_side: int | None) -> Photo:
    """``load_photo`` for a file whose bytes are at hand; the path is only for its suffix and the errors."""
    try:
        decode = _decode_raw if path.suffix.lower() in RAW_SUFFIXES else _decode_with_pillow
        return decode(path, data, max_side)
    except UnreadablePhoto:
        raise
    except UnidentifiedImageError as error:
        raise UnreadablePhoto(path, "is no photo that can be read here, whatever its name says") from error
    except Image.DecompressionBombError as error:
        raise UnreadablePhoto(path, "has too many pixels") from error
    except Exception as error:  # damaged files make decoders raise anything
        if is_out_of_memory(error):
            raise UnreadablePhoto(path, "needs more memory than there is just now") from error
        raise UnreadablePhoto(path, f"is damaged ({error})") from error


@cache
def _pillow_formats() -> list[str]:
    """Return Pillow's formats of photos: its others are for other things, and some of their readers start programs."""
    Image.init()  # loads all of its readers, which takes as long as many a photo
    return [name for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF") if name in Image.OPEN]


def _decode_with_pillow(path: Path, data: bytes, max_side: int | None) -> Photo:
    with Image.open(io.BytesIO(data), formats=_pillow_formats()) as image:
        width, height = image.size
        if min(width, height) < SMALLEST_SIDE:
            raise UnreadablePhoto(path, f"has only {width} x {height} pixels")
        side = max(width, height) if max_side is None else min(max_side, max(width, height))
        small = tuple(max(1, round(side * length / max(width, height))) for length in image.size)
        turn = _turn_of(image)
        # A JPEG is decoded at an eighth, a quarter or half of its size when that is enough.
        image.draft(None, (small[0], small[1]))
        # The coefficients of a progressive JPEG are all kept, however small it is decoded.
        pixels = width * height if "progressive" in image.info else image.width * image.height
        if pixels > MOST_PIXELS:
            raise UnreadablePhoto(path, f"has {width * height / 1e6:.0f} megapixels, too many to be decoded at once")
        with _one_large_photo if pixels > _MANY_PIXELS else nullcontext():
            flat = to_eight_bits(image)
            if flat.size != small:
                flat = flat.resize((small[0], small[1]), Image.Resampling.BICUBIC, reducing_gap=2.0)
        if turn is not None:
            flat = flat.transpose(turn)
            if turn in _TURNS_THAT_SWAP_SIDES:
                width, height = height, width
        return Photo(to_srgb(flat, image.info.get("icc_profile")), width, height)


_EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNS_THAT_SWAP_SIDES = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF data makes the parser raise anything; the pixels may still be good
        return None


def _decode_raw(path: Path, data: bytes, max_side: int | None) -> Photo:
    import rawpy

    with _one_large_photo, rawpy.imread(io.BytesIO(data)) as raw:
        if raw.sizes.raw_width * raw.sizes.raw_height > MOST_PIXELS:
            raise UnreadablePhoto(path, "has too many pixels")
        half = max_side is not None and 2 * max_side <= max(raw.sizes.width, raw.sizes.height)
        pixels = raw.postprocess(use_camera_wb=True, half_size=half, output_bps=8)
    height, width = pixels.shape[:2]
    if max_side is not None and max(width, height) > max_side:
        image = Image.fromarray(pixels)
        image.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
    scale = 2 if half else 1
    return Photo(pixels, width * scale, height * scale)
