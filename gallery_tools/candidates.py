"""The first stage of a search: photos whose prototypes are like those of the object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.prototypes import prototypes_of
from raiha.gallery_tools.store import Gallery

CANDIDATES = 400
"""Photos that the second stage looks at."""
_OBJECT_PROTOTYPES = 24
_NEAREST = 3000
_BELOW, _ABOVE = 0.15, 0.15
"""A prototype is a mean: patches behind two of them may reach a threshold of which these cosines fall short."""


def candidates(
    gallery: Gallery, foreground: NDArray[np.float32], threshold: float, among: Sequence[int] | None = None
) -> list[int]:
    """Return the ids of the photos that formula 3 is likely to admit with the largest share of the foreground.

    Args:
        gallery: to search.
        foreground: (M, d) float32 unit length, content of the object's patches.
        threshold: formula 3's.
        among: ids of the photos that may be found; None: all.
    """
    if among is not None and len(among) <= CANDIDATES:
        return list(among)
    prototypes, counts = prototypes_of(foreground, _OBJECT_PROTOTYPES)
    ids, shares = [], []
    found = gallery.nearest(prototypes, _NEAREST, among)
    for (photos, cosines), count in zip(found, counts, strict=True):
        order = np.argsort(-cosines, kind="stable")
        nearest, first = np.unique(photos[order], return_index=True)
        likely = ((cosines[order][first] - threshold + _BELOW) / (_BELOW + _ABOVE)).clip(0, 1)
        ids.append(nearest)
        shares.append(count * likely)
    photos, place = np.unique(np.concatenate(ids), return_inverse=True)
    total = np.bincount(place, np.concatenate(shares), len(photos))
    best = np.argsort(-total, kind="stable")[:CANDIDATES]
    return [int(photo_id) for photo_id in photos[best[total[best] > 0]]]
