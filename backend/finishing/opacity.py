"""Where the object of a request is opaque, and how much of each pixel may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.tone_curve import Values
from raiha.backend.pipeline.request import HarmonizeRequest


@dataclass(frozen=True)
class Opacity:
    """The object's opacity in parts of its layer.

    Attributes:
        request: the layer and its mask.
        flattened: whether the mask is the object's outline, as in a finished composite, whose pixels along the edge
            are mixed with the background already. Otherwise alpha is, and the mask says what may change.
    """

    request: HarmonizeRequest
    flattened: bool

    @classmethod
    def of(cls, request: HarmonizeRequest) -> Opacity:
        """Return the opacity of a request's object: the layer's alpha, or the mask where that cuts nothing out."""
        layer = request.layer
        if request.mask is None or layer.shape[2] == 3:
            return cls(request, flattened=request.mask is not None)
        least = np.iinfo(layer.dtype).max if layer.dtype.kind == "u" else 1
        return cls(request, flattened=bool((layer[..., 3] >= least).all()))

    def outline(self, rows: slice, columns: slice) -> Values:
        """Return (h, w) float32 in [0, 1]: the opacity that gives the object its edge."""
        if self.flattened:
            assert self.request.mask is not None
            return _share(self.request.mask[rows, columns])
        return _share(self.request.layer[rows, columns, 3])

    def weight(self, rows: slice, columns: slice) -> Values | None:
        """Return (h, w) float32 in [0, 1], how much of a change is made; None where nothing changes."""
        opaque = self.outline(rows, columns)
        covered = opaque > 0
        if not covered.any():
            return None
        if self.flattened or self.request.mask is None:
            return covered.astype(np.float32)
        return covered * _share(self.request.mask[rows, columns])


def _share(opacity: NDArray[Any]) -> Values:
    if opacity.dtype.kind == "u":
        share: Values = opacity * np.float32(1 / np.iinfo(opacity.dtype).max)
        return share
    return np.nan_to_num(opacity.astype(np.float32)).clip(0, 1)
