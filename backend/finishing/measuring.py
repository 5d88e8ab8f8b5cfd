"""Measure what the object lacks beside its scene: from the user's choice to numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from raiha.backend.colour.pixels import Pixels
from raiha.backend.finishing import noise
from raiha.backend.finishing.finish import MOST_BLUR, Finish
from raiha.backend.finishing.gaussian import blurred
from raiha.backend.finishing.grain import Grain
from raiha.backend.finishing.opacity import Opacity
from raiha.backend.finishing.places import STRIDE, Places
from raiha.backend.finishing.sharpness import WINDOW, Sharpness, edge_variances
from raiha.backend.finishing.tiles import Tiles
from raiha.backend.pipeline.request import HarmonizeRequest

_WINDOWS = 24
"""Windows of object and of scene in which edges are looked for, at most."""

_BLOCKS = 600
"""Blocks of object and of scene in which noise is measured, at most."""

_AWAY = 2.0
"""Standard deviation of the blur, three of which an edge must lie away from the object's outline."""


@dataclass(frozen=True)
class Measured:
    """What finishing does to an object, and how sharp it is.

    Attributes:
        finish: what is done.
        sharpness: of object and scene before it; None where one of them has too few edges.
    """

    finish: Finish
    sharpness: Sharpness | None

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user: whether the object is plainly sharper or softer than the scene."""
        return (self.sharpness.sentence,) if self.sharpness and self.sharpness.is_plain else ()


def measure(request: HarmonizeRequest, layer: Pixels, given: Finish) -> Measured:
    """Measure how an object has to be finished, and how sharp it is.

    Args:
        request: the composite, and what the user chose.
        layer: (H, W, C) the layer with its new colours, in the request's profile.
        given: what is done in any case where the user chose nothing.
    """
    finishing = request.finishing
    opacity = Opacity.of(request)
    own = Places.of_object(request, Tiles.of(layer, request.profile), opacity)
    scene = Places.of_scene(request, Tiles.of(request.background, request.profile), opacity)
    sharpness = _sharpness(own, scene, request.offset[1])
    if not finishing.is_chosen:
        return Measured(given, sharpness)
    blur = 0.0
    if finishing.match_sharpness and sharpness is not None and sharpness.is_plain:
        blur = float(np.clip(round(sharpness.difference, 2), 0, MOST_BLUR))
    finish = Finish(finishing.clean_edge, blur)
    if finishing.match_grain:
        step = 0.0 if layer.dtype.kind != "u" else 1 / np.iinfo(layer.dtype).max
        finish = replace(finish, grain=_lacking(own, scene, step, blur))
    return Measured(finish, sharpness)


def _sharpness(own: Places, scene: Places, top: int) -> Sharpness | None:
    """Return how sharp the object is and the scene at its height; ``top`` is the layer's first row in it, pixels."""
    solid = np.flatnonzero(own.points.any(axis=1)) * STRIDE
    if not len(solid):
        return None
    begin, end = int(solid[0]), int(solid[-1]) + STRIDE
    return Sharpness.of(_variances(own, (begin, end)), _variances(scene, (begin + top, end + top)))


def _variances(places: Places, height: tuple[int, int]) -> list[np.ndarray]:
    found = []
    for colours, counts in places.windows(WINDOW, _WINDOWS, height):
        inside = blurred((~counts).astype(np.float32), _AWAY) == 0
        if inside.any():
            found.append(edge_variances(colours, inside))
    return found


def _lacking(own: Places, scene: Places, step: float, blur: float) -> Grain | None:
    """Return the noise of the scene that the object lacks once it is blurred; None where it lacks none."""
    wanted = noise.measured(scene.blocks(noise.BLOCK, _BLOCKS), step)
    if wanted is None:
        return None
    blocks = own.blocks(noise.BLOCK, _BLOCKS)
    there = noise.measured((blurred(block, blur) for block in blocks) if blur else blocks, step)
    powers = wanted.powers if there is None else np.maximum(wanted.powers - there.powers, 0)
    return Grain(powers, wanted.chroma) if (powers.sum(0) > noise.LEAST).any() else None
