"""What the pipeline is asked and what it answers: the same for the daemon and for in-process use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.pixels import Pixels

Only = Literal["colour", "luminance"]

Progress = Callable[[str, float], None]
"""Called with a stage's name and the fraction of the whole job that is done, 0 to 1."""


class Cancelled(Exception):  # noqa: N818  (not an error: the user asked for it)
    """The job was cancelled by the one who asked for it."""


@dataclass(frozen=True)
class HarmonizeRequest:
    """One layer to be harmonized with the picture it lies in.

    Attributes:
        layer: (H, W, 4) straight RGBA, or (H, W, 3) RGB when ``mask`` says where the object is;
            uint8 and uint16 span their whole range, float16 and float32 have 1.0 as white (values beyond are kept).
        background: (Hb, Wb, 3 or 4) the picture without the layer, same dtype and profile as the layer.
        mask: (H, W) uint8, 255 = object; None: the layer's alpha is the mask. With both, the change is limited to
            the mask and the object is where alpha and mask are.
        offset: (x, y) of the layer's top left corner in the background, pixels; may be negative.
        profile: ICC profile of layer and background; None means sRGB.
        strength: 0 (the layer, untouched) to 1.
        only: change nothing but colour, or nothing but luminance; None changes both.
        gallery: name of the gallery in which references are searched; None: no retrieval.
        references: photos that are used as references whatever the gallery says.
        excluded: photos of the gallery that are not to be used.
        max_references: references used at most, 0 to 4.
    """

    layer: Pixels
    background: Pixels
    mask: NDArray[np.uint8] | None = None
    offset: tuple[int, int] = (0, 0)
    profile: bytes | None = None
    strength: float = 1.0
    only: Only | None = None
    gallery: str | None = None
    references: tuple[Path, ...] = ()
    excluded: tuple[Path, ...] = ()
    max_references: int = 4


@dataclass(frozen=True)
class UsedReference:
    """A reference that took part, and why.

    Attributes:
        path: the photo.
        score: rank of the photo in the search, see ``raiha.gallery_tools.search``; None for one that the user chose.
        content: share of the foreground that finds its content in the photo, 0 to 1; None as above.
        appearance: mean cosine of the appearance of background patches of like content; None as above.
        thumbnail: JPEG bytes, at most 160 px on the long side.
    """

    path: Path
    score: float | None
    content: float | None
    appearance: float | None
    thumbnail: bytes


@dataclass(frozen=True)
class HarmonizeResult:
    """The harmonized layer, same shape and dtype as the request's, alpha and everything outside the mask bit for bit.

    Attributes:
        layer: (H, W, C) as the request's layer.
        references: the references used, best first.
        seconds: wall-clock seconds of each stage, by its name.
    """

    layer: Pixels
    references: tuple[UsedReference, ...]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PreviewResult:
    """The object in its surroundings before and after, small: the editor mixes them with the strength itself.

    All pictures are (h, w, 3) uint8 sRGB of the same size, the longer side at most the side asked for.
    Mixing ``before + strength * (after - before)`` equals a request with that strength.
    """

    before: NDArray[np.uint8]
    both: NDArray[np.uint8]
    colour: NDArray[np.uint8]
    luminance: NDArray[np.uint8]
    references: tuple[UsedReference, ...]
