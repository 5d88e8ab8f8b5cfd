"""Any picture that Pillow decodes, whatever its mode and profile, as 8-bit sRGB."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_WHITE_OF_DEEP_MODE = {"I;16": 65535.0, "I;16B": 65535.0, "I;16L": 65535.0, "I": 65535.0, "F": 1.0}
_HAS_COLOUR_PROFILE = {"L", "RGB", "CMYK"}


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture in one of the modes L, RGB or CMYK; transparent parts lie on white, as in viewers."""
    white = _WHITE_OF_DEEP_MODE.get(image.mode)
    if white is not None:
        grey = np.asarray(image, dtype=np.float32) * (255.0 / white)
        return Image.fromarray(np.nan_to_num(grey).clip(0, 255).round().astype(np.uint8))
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in _HAS_COLOUR_PROFILE else image.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> NDArray[np.uint8]:
    """Return a picture of mode L, RGB or CMYK as (h, w, 3) uint8 sRGB.

    A profile that is damaged, or belongs to another kind of picture, is ignored: viewers do the same.
    """
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            image = ImageCms.applyTransform(image, _transform(profile, image.mode)) or image
    return np.asarray(image.convert("RGB"))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    # Building a transform takes longer than applying it to a small picture, and a library has few profiles.
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, _SRGB, mode, "RGB")
