"""Requests to the pipeline and their results, the same for the daemon and for use in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.colour.pixels import Pixels
from raiha.backend.finishing.finish import NOTHING_CHOSEN, Finishing
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.gallery_tools.errors import RaihaError

MOST_STRENGTH = 1.5

Only = Literal["colour", "luminance"]

Progress = Callable[[str, float], None]
"""Called with the name of a stage and the fraction of the whole job that is done, 0 to 1."""


def require_mask_size(mask: tuple[int, ...], picture: tuple[int, ...], name: str = "layer") -> None:
    """Check that a mask is as large as what it masks.

    Args:
        mask: (height, width).
        picture: (height, width, ...) of what is masked.
        name: of what is masked.

    Raises:
        RaihaError: ``mask-size``.
    """
    if mask != picture[:2]:
        raise RaihaError(
            "mask-size",
            f"The mask is {mask[1]} x {mask[0]} pixels, the {name} {picture[1]} x {picture[0]}.",
            f"Use a mask of the same size as the {name}.",
            exit_status=2,
        )


class Cancelled(Exception):  # noqa: N818  (not an error: the user wanted it)
    """The job was cancelled by whoever requested it."""


@dataclass(frozen=True)
class HarmonizeRequest:
    """A layer to be harmonized with the picture in which it lies.

    Attributes:
        layer: (H, W, 4) straight RGBA, or (H, W, 3) RGB with a ``mask``; uint8 and uint16 span their whole range,
            float16 and float32 have 1.0 as white (values beyond are kept).
        background: (Hb, Wb, 3 or 4) the picture without the layer, same dtype and profile as the layer.
        mask: (H, W) uint8, 255 = object; None: the layer's alpha is the mask. With both, the object is their
            intersection, and only what the mask covers changes.
        offset: (x, y) of the layer's top left corner in the background, pixels; may be negative.
        profile: ICC profile of layer and background; None means sRGB.
        strength: 0 (the layer, untouched) to ``MOST_STRENGTH``; above 1 the change is exaggerated.
        adjust: numbers of the adjustment that replace the network's, by their names.
        adjustment: what to apply in place of the network's; no reference and no network is needed then.
        only: change nothing but colour, or nothing but luminance; None changes both.
        gallery: name of the gallery to search for references; None: no retrieval.
        references: photos that the user chose as references; they come before those that retrieval finds.
        excluded: photos of the gallery that must not be used.
        max_references: references to use at most, 0 to ``MOST_REFERENCES``.
        view: (x, y, width, height) of the background's pixels that a preview shows as they are, without the network;
            None: the object in its surroundings, before and after.
        finishing: what is done to the object after its colours.
        in_place: whether the result may take the place of the layer's pixels, which then have to be writable.
    """

    layer: Pixels
    background: Pixels
    mask: NDArray[np.uint8] | None = None
    offset: tuple[int, int] = (0, 0)
    profile: bytes | None = None
    strength: float = 1.0
    adjust: Mapping[str, float] = field(default_factory=dict)
    adjustment: Adjustment | None = None
    only: Only | None = None
    gallery: str | None = None
    references: tuple[Path, ...] = ()
    excluded: tuple[Path, ...] = ()
    max_references: int = MOST_REFERENCES
    view: tuple[int, int, int, int] | None = None
    finishing: Finishing = NOTHING_CHOSEN
    in_place: bool = False


@dataclass(frozen=True)
class UsedReference:
    """A reference that was used, and why.

    Attributes:
        path: the photo.
        score: by which the search ranks photos, see ``raiha.gallery_tools.search``; None for a photo that the user
            chose.
        content: share of the foreground that has a match in the photo, 0 to 1; None as above.
        appearance: mean cosine of the appearance of background patches with similar content; None as above.
        thumbnail: JPEG bytes, at most 160 px on the long side.
    """

    path: Path
    score: float | None
    content: float | None
    appearance: float | None
    thumbnail: bytes


@dataclass(frozen=True)
class HarmonizeResult:
    """A harmonized layer.

    Attributes:
        layer: (H, W, C) with the shape and dtype of the request's layer; alpha and everything outside the mask are
            unchanged, bit for bit.
        adjustment: what was done to the object's colours.
        change: mean CIEDE2000 in the object at strength 1; below ``colour_difference.LITTLE`` it fitted already.
        references: the references used, best first.
        seconds: wall-clock seconds of each stage, by its name.
        notices: sentences about what went another way than usual.
    """

    layer: Pixels
    adjustment: Adjustment
    change: float
    references: tuple[UsedReference, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreviewResult:
    """A part of the picture, small; the editor itself adjusts and mixes it.

    All pictures are uint8 sRGB of the same size, the longer side at most as requested. Mixing
    ``before + strength * (after - before)`` equals a request with that strength.

    Attributes:
        before: (h, w, 3) the composite.
        mask: (h, w) the object, 255 where it is opaque.
        window: (x, y, width, height) of the background's pixels that the pictures show; the shading's, too, unless
            the request had a ``view``.
        adjustment: what was done to the object's colours.
        change: mean CIEDE2000 in the object at strength 1.
        references: the references used, best first.
        both: (h, w, 3) with colour and luminance changed; None for a ``view``, as the following are.
        colour: with only colour changed.
        luminance: with only luminance changed.
        finished: (h, w, 3) the composite with the object finished, its colours unchanged; None where ``finishing`` is
            not chosen.
        notices: as in ``HarmonizeResult``.
    """

    before: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    window: tuple[int, int, int, int]
    adjustment: Adjustment
    change: float
    references: tuple[UsedReference, ...]
    both: NDArray[np.uint8] | None = None
    colour: NDArray[np.uint8] | None = None
    luminance: NDArray[np.uint8] | None = None
    finished: NDArray[np.uint8] | None = None
    notices: tuple[str, ...] = ()
