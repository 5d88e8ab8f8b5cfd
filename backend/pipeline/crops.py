"""The crops of a composite that retrieval and the network see, made from no more of its pixels than they need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.spaces import ColourSpace, colour_space
from raiha.backend.colour.tone_curve import Values
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.quantile import quantile
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES_PER_PIXEL = 3
"""Samples along each side of a reduced pixel: nine in all, so the noise of the average is a third of a pixel's."""

LEAST_WINDOW = 64
"""Smallest side of a window around an object, background pixels."""

EDGE_CROP_SIDE = 1024
"""Height and width of the edge crop at most, pixels."""

WHOLE_CROP_SIDE = 448
"""Longer side of the crop of the whole picture at most, pixels."""

_SOLID = 0.95
"""Quantile of an object's opacities that counts as solid: a few stray pixels decide nothing."""

BACKDROP = 0.5
"""Encoded value behind a transparent background."""


@dataclass(frozen=True)
class Crop:
    """A part of the composite at reduced size.

    Attributes:
        composite: (h, w, 3) float32 encoded sRGB in [0, 1].
        mask: (h, w) float32 in [0, 1], share of the object in each pixel; somewhere above 0.
        window: the part of the background; the crop is stretched over it.
    """

    composite: NDArray[np.float32]
    mask: NDArray[np.float32]
    window: Window


@dataclass(frozen=True)
class Crops:
    """All crops of one request: after these are made, only full resolution reads the layer's pixels.

    Attributes:
        close: the object in its near surroundings, S x S pixels.
        wide: the object in more of its surroundings, S x S pixels.
        edge: the close crop's window with all its pixels, from which the object's edge is read.
        whole: the whole composite, for retrieval; None unless a gallery is to be searched.
        preview: the close crop's window at the preview's size; None unless a preview was requested.
    """

    close: Crop
    wide: Crop
    edge: Crop
    whole: Crop | None = None
    preview: Crop | None = None


def read_crops(
    request: HarmonizeRequest,
    bounds: Window,
    settings: InferenceSettings,
    *,
    whole: bool = False,
    preview_side: int | None = None,
) -> Crops:
    """Return all crops of a request.

    Args:
        request: the composite.
        bounds: the object, see ``object_bounds``.
        settings: of the network that sees the crops.
        whole: whether the whole picture is needed, too.
        preview_side: longer side of the preview at most, pixels; None: no preview.
    """
    close = crop_around(request, bounds, side=settings.side, context=settings.close_context)
    wide_window = window_around(request, bounds, settings.wide_context)
    same = wide_window == close.window
    return Crops(
        close=close,
        wide=close if same else read_crop(request, wide_window, (settings.side, settings.side)),
        edge=crop_edge(request, close.window),
        whole=crop_whole(request) if whole else None,
        preview=None if preview_side is None else read_view(request, close.window, preview_side),
    )


def crop_whole(request: HarmonizeRequest, side: int = WHOLE_CROP_SIDE) -> Crop:
    """Return the whole composite with its longer side at ``side`` pixels (fewer when the picture is smaller)."""
    height, width = request.background.shape[:2]
    window = Window(0, 0, width, height)
    return read_crop(request, window, _limited_size(window, side))


def crop_around(request: HarmonizeRequest, bounds: Window, *, side: int, context: float) -> Crop:
    """Return the object in its surroundings, ``side`` x ``side`` pixels.

    Args:
        request: the composite.
        bounds: the object, see ``object_bounds``.
        side: height and width of the crop, pixels.
        context: side of the window as a multiple of the longer side of ``bounds``.

    Returns:
        A crop of a square window where the picture allows one, stretched to a square where it does not.
    """
    return read_crop(request, window_around(request, bounds, context), (side, side))


def window_around(request: HarmonizeRequest, bounds: Window, context: float) -> Window:
    """Return the window that ``crop_around`` shows."""
    height, width = request.background.shape[:2]
    wanted = max(LEAST_WINDOW, round(context * max(bounds.width, bounds.height)))
    x, across = _span(bounds.x, bounds.width, wanted, width)
    y, down = _span(bounds.y, bounds.height, wanted, height)
    return Window(x, y, across, down)


def crop_edge(request: HarmonizeRequest, window: Window) -> Crop:
    """Return the composite's ``window`` at its own size or, where it is larger than ``EDGE_CROP_SIDE``, subsampled.

    Pixels are never averaged: a rim of one pixel along the object's edge shows how the object was recoloured only as
    long as it is not mixed with its neighbours.
    """
    size = min(window.height, EDGE_CROP_SIDE), min(window.width, EDGE_CROP_SIDE)
    return read_crop(request, window, size, samples=1)


def read_view(request: HarmonizeRequest, window: Window, side: int) -> Crop:
    """Return the window as people see it, its longer side at most ``side`` pixels."""
    return read_crop(request, window, _limited_size(window, side), as_if_solid=False)


def _limited_size(window: Window, side: int) -> tuple[int, int]:
    """Return height and width of a window whose longer side is reduced to at most ``side`` pixels."""
    scale = min(1.0, side / max(window.height, window.width))
    return max(1, round(window.height * scale)), max(1, round(window.width * scale))


def read_crop(
    request: HarmonizeRequest,
    window: Window,
    size: tuple[int, int],
    *,
    samples: int = SAMPLES_PER_PIXEL,
    as_if_solid: bool = True,
) -> Crop:
    """Return the composite's ``window`` at ``size`` (height, width), area-averaged, in encoded sRGB.

    Alpha weighs the colours before they are averaged. Values beyond [0, 1] are clipped, NaN counts as 0. At most
    ``samples`` are read along each side of a reduced pixel. An object that is nowhere opaque is shown as if it were,
    unless ``as_if_solid`` is False.
    """
    rows = _positions(window.y, window.height, samples * size[0])
    columns = _positions(window.x, window.width, samples * size[1])
    space = colour_space(request.profile)
    planes = np.zeros((4, len(rows), len(columns)), dtype=np.float32)
    planes[:3] = _background_colours(request.background, rows, columns, space)
    _paste_layer(planes, request, rows, columns, space, as_if_solid)
    if planes.shape[1:] != size:
        planes = np.stack([_averaged(plane, size) for plane in planes])  # (4, h, w)
    clipped = planes.clip(0, 1)
    mask = clipped[3].copy()
    if not mask.any():  # an object finer than the samples: the network needs something to work on
        mask[size[0] // 2, size[1] // 2] = 1 / 255
    return Crop(np.ascontiguousarray(clipped[:3].transpose(1, 2, 0)), mask, window)


def _averaged(plane: Values, size: tuple[int, int]) -> Values:
    """Return a plane at another size, averaging the pixels that fall together."""
    return np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR))


def _span(start: int, length: int, wanted: int, limit: int) -> tuple[int, int]:
    """Return start and length of ``wanted`` pixels around a span, moved and cut to fit into [0, limit)."""
    wanted = min(max(wanted, length), limit)
    begin = start + (length - wanted) // 2
    return min(max(begin, 0), limit - wanted), wanted


def _positions(start: int, length: int, most: int) -> NDArray[np.intp]:
    """Return the background pixels to read along one side: all of them, or ``most`` evenly spread ones."""
    count = min(length, most)
    return start + ((np.arange(count) + 0.5) * (length / count)).astype(np.intp)


def _background_colours(
    background: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp], space: ColourSpace
) -> Values:
    """Return (3, h, w) encoded sRGB of the background over the backdrop."""
    colours, alpha = _samples(background, rows, columns, space)
    if alpha is not None and not (alpha == 1).all():
        colours = BACKDROP + alpha * (colours - np.float32(BACKDROP))
    return colours


def _paste_layer(
    planes: Values,
    request: HarmonizeRequest,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    space: ColourSpace,
    as_if_solid: bool,
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
        alpha = _as_if_solid(alpha) if as_if_solid else alpha
        part[3] = alpha
        colours -= part[:3]
        colours *= alpha
        part[:3] += colours
    if request.mask is not None:
        mask = request.mask[np.ix_(*at)] * np.float32(1 / 255)
        part[3] *= _as_if_solid(mask) if as_if_solid else mask


def _as_if_solid(opacity: Values) -> Values:
    """Return opacities (h, w) scaled so that the object's most opaque parts are solid.

    Glass, smoke or an object under a gray mask is an object all the same: the network has to see what it is. Its
    opacity counts where the change is applied.
    """
    covered = opacity[opacity > 0]
    if not covered.size:
        return opacity
    solid: Values = np.minimum(opacity / quantile(covered, _SOLID), 1).astype(np.float32)
    return solid


def _samples(
    pixels: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp], space: ColourSpace
) -> tuple[Values, Values | None]:
    """Return encoded sRGB in [0, 1] (3, h, w), and alpha (h, w) if there is any."""
    planes = np.moveaxis(pixels[np.ix_(rows, columns)], 2, 0).astype(np.float32, order="C")
    if np.issubdtype(pixels.dtype, np.integer):
        planes *= np.float32(1 / np.iinfo(pixels.dtype).max)
    else:
        np.nan_to_num(planes, copy=False, nan=0.0)
    colours = space.to_srgb(planes[:3]).clip(0, 1)
    return colours, planes[3].clip(0, 1) if len(planes) == 4 else None
