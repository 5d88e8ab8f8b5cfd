"""Small copies of the composite for retrieval and the network: only the pixels that they need are ever read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.spaces import ColourSpace, colour_space
from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES_PER_PIXEL = 3
"""Samples along each side of a reduced pixel: nine in all, so the noise of the average is a third of a pixel's."""

CLOSE_UP_SIDE = 1024

TRANSPARENT = 0.5
"""Encoded value that stands for a transparent background."""


@dataclass(frozen=True)
class WorkingCopy:
    """A part of the composite at reduced size.

    Attributes:
        composite: (h, w, 3) float32 encoded sRGB in [0, 1].
        mask: (h, w) float32 in [0, 1], share of the object in each pixel; somewhere above 0.
        window: what it shows; the copy is stretched over it.
    """

    composite: NDArray[np.float32]
    mask: NDArray[np.float32]
    window: Window


def whole_picture(request: HarmonizeRequest, long_side: int = 448) -> WorkingCopy:
    """The whole composite with its longer side at ``long_side`` pixels (fewer when the picture is smaller)."""
    height, width = request.background.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return reduced(request, Window(0, 0, width, height), size)


def around_object(
    request: HarmonizeRequest, bounds: Window, *, side: int, context: float = 1.5, least: int = 64
) -> WorkingCopy:
    """The object in its surroundings, ``side`` x ``side`` pixels.

    Args:
        request: the composite.
        bounds: the object, see ``object_bounds``.
        side: height and width of the copy, pixels.
        context: side of the window as a multiple of the longer side of ``bounds``.
        least: smallest side of the window, background pixels.

    Returns:
        A copy of a square window where the picture allows one, stretched to a square where it does not.
    """
    return reduced(request, window_around(request, bounds, context, least), (side, side))


def window_around(request: HarmonizeRequest, bounds: Window, context: float, least: int = 64) -> Window:
    """The window that ``around_object`` shows."""
    height, width = request.background.shape[:2]
    wanted = max(least, round(context * max(bounds.width, bounds.height)))
    x, across = _span(bounds.x, bounds.width, wanted, width)
    y, down = _span(bounds.y, bounds.height, wanted, height)
    return Window(x, y, across, down)


def close_up(request: HarmonizeRequest, window: Window) -> WorkingCopy:
    """The composite's ``window`` at its own size, or, where it is larger, every so many of its pixels, not averaged.

    A rim of one pixel along the object's edge stays what it is: it tells how the object was recoloured, averaged
    with its neighbours it does not.
    """
    size = min(window.height, CLOSE_UP_SIDE), min(window.width, CLOSE_UP_SIDE)
    return reduced(request, window, size, samples=1)


def reduced(
    request: HarmonizeRequest, window: Window, size: tuple[int, int], *, samples: int = SAMPLES_PER_PIXEL
) -> WorkingCopy:
    """The composite's ``window`` at ``size`` (height, width), area-averaged, in encoded sRGB.

    Alpha weighs the colours before they are averaged. Values beyond [0, 1] are limited to it, NaN counts as 0. At most
    ``samples`` are read along each side of a reduced pixel.
    """
    rows = _positions(window.y, window.height, samples * size[0])
    columns = _positions(window.x, window.width, samples * size[1])
    space = colour_space(request.profile)
    planes = np.zeros((4, len(rows), len(columns)), dtype=np.float32)
    planes[:3] = _background_colours(request.background, rows, columns, space)
    _paste_layer(planes, request, rows, columns, space)
    small = torch.from_numpy(planes)[None]
    if small.shape[2:] != size:
        small = functional.interpolate(small, size=size, mode="bilinear", antialias=True)
    copy = small[0].clamp_(0, 1).numpy()
    mask = copy[3].copy()
    if not mask.any():  # finer than the samples, yet there: the network must not be asked about nothing
        mask[size[0] // 2, size[1] // 2] = 1 / 255
    return WorkingCopy(np.ascontiguousarray(copy[:3].transpose(1, 2, 0)), mask, window)


def _span(start: int, length: int, wanted: int, limit: int) -> tuple[int, int]:
    """Start and length of the span of ``wanted`` pixels around another, moved and cut to fit into [0, limit)."""
    wanted = min(max(wanted, length), limit)
    begin = start + (length - wanted) // 2
    return min(max(begin, 0), limit - wanted), wanted


def _positions(start: int, length: int, most: int) -> NDArray[np.intp]:
    """Background pixels to be read along one side: all of them, or ``most``, evenly spread, when there are more."""
    count = min(length, most)
    return start + ((np.arange(count) + 0.5) * (length / count)).astype(np.intp)


def _background_colours(
    background: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp], space: ColourSpace
) -> Values:
    colours, alpha = _samples(background, rows, columns, space)
    if alpha is not None and not (alpha == 1).all():
        colours = TRANSPARENT + alpha * (colours - np.float32(TRANSPARENT))
    return colours


def _paste_layer(
    planes: Values,
    request: HarmonizeRequest,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    space: ColourSpace,
) -> None:
    """Put the layer over the background's (3, h, w) colours, and alpha x mask into the fourth plane."""
    height, width = request.layer.shape[:2]
    x, y = request.offset
    top, bottom = np.searchsorted(rows, (y, y + height))
    left, right = np.searchsorted(columns, (x, x + width))
    part = planes[:, top:bottom, left:right]
    at = rows[top:bottom] - y, columns[left:right] - x
    colours, alpha = _samples(request.layer, *at, space)
    if alpha is None:
        part[:3], part[3] = colours, 1
    else:
        part[3] = alpha
        colours -= part[:3]
        colours *= alpha
        part[:3] += colours
    if request.mask is not None:
        part[3] *= request.mask[np.ix_(*at)] * np.float32(1 / 255)


def _samples(
    pixels: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp], space: ColourSpace
) -> tuple[Values, Values | None]:
    """Encoded sRGB in [0, 1] (3, h, w), and alpha (h, w) if there is any."""
    planes = np.moveaxis(pixels[np.ix_(rows, columns)], 2, 0).astype(np.float32, order="C")
    if np.issubdtype(pixels.dtype, np.integer):
        planes *= np.float32(1 / np.iinfo(pixels.dtype).max)
    else:
        np.nan_to_num(planes, copy=False, nan=0.0)
    colours = space.to_srgb(planes[:3]).clip(0, 1)
    return colours, planes[3].clip(0, 1) if len(planes) == 4 else None
