"""When, with what and where a photo was taken, from its EXIF."""

from __future__ import annotations

import calendar
import io
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import ExifTags, Image

from raiha.gallery_tools.capture import Capture

# Pillow warns of damaged EXIF data; what can be read of it is used all the same.
warnings.filterwarnings("ignore", category=UserWarning, module="PIL.TiffImagePlugin")

_TIME_TAGS = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)
_LONGEST_NAME = 200


def read_capture(data: bytes) -> Capture:
    """Return what the EXIF of a photo's bytes tells; nothing of what is missing, damaged or senseless.

    Raw photos that are TIFF files inside, as most are, have it too.
    """
    try:
        exif = _exif_of(data)
        details = exif.get_ifd(ExifTags.IFD.Exif)
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # damaged EXIF data makes the parser raise anything
        return Capture()
    latitude = _degrees(position, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(position, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Capture(_time(exif, details), _camera(exif, details), latitude, longitude)


def _exif_of(data: bytes) -> Image.Exif:
    try:
        with Image.open(io.BytesIO(data)) as image:
            # Pillow would decode a whole PNG to look for EXIF behind its pixels.
            return Image.Exif() if image.format == "PNG" and "exif" not in image.info else image.getexif()
    except Exception:  # a raw photo, whose TIFF structure holds no picture that Pillow can show
        exif = Image.Exif()
        exif.load(data)
        return exif


def _time(exif: Mapping[int, Any], details: Mapping[int, Any]) -> int | None:
    texts = [details.get(tag) for tag in _TIME_TAGS] + [exif.get(ExifTags.Base.DateTime)]
    for text in texts:
        try:
            return calendar.timegm(time.strptime(str(text).strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S"))
        except ValueError:
            continue
    return None


def _camera(exif: Mapping[int, Any], details: Mapping[int, Any]) -> str | None:
    tags = (exif, ExifTags.Base.Make), (exif, ExifTags.Base.Model), (details, ExifTags.Base.BodySerialNumber)
    parts = [str(source.get(tag) or "").strip("\0 ") for source, tag in tags]
    name = " ".join(part for part in parts if part and part.isprintable())
    return name[:_LONGEST_NAME] or None


def _degrees(position: Mapping[int, Any], tag: int, side: int, negative: str, most: float) -> float | None:
    parts = position.get(tag)
    if not isinstance(parts, Sequence) or len(parts) != 3:
        return None
    try:
        degrees: float = sum(float(part) / 60**place for place, part in enumerate(parts))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not math.isfinite(degrees) or not 0 <= degrees <= most:
        return None
    return -degrees if str(position.get(side)).strip("\0 ") == negative else degrees
