"""Prototypes: a few vectors that stand for all patches of a photo, or for all patches of an object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PROTOTYPES = 32
"""Of a photo at most: a kilobyte in the index, and enough for the smaller things in it to have their own."""
_ROUNDS = 2


def prototypes_of(
    vectors: NDArray[np.float32], most: int = PROTOTYPES
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return prototypes of unit vectors, and how many vectors each stands for.

    Each next one begins as the vector that is least like those before, so that a small thing in a photo has its own;
    then each moves to the mean of the vectors that are most like it. The same vectors give the same prototypes.

    Args:
        vectors: (M, d) float32 unit length, M at least 1.
        most: prototypes at most.

    Returns:
        (P, d) float32 unit length, and (P,) counts, none of them 0.
    """
    prototypes = vectors[_spread_out(vectors, most)]
    for _ in range(_ROUNDS):
        nearest = (vectors @ prototypes.T).argmax(1)
        sums = np.zeros_like(prototypes)
        np.add.at(sums, nearest, vectors)
        taken = np.unique(nearest)
        prototypes = sums[taken] / np.maximum(np.linalg.norm(sums[taken], axis=1, keepdims=True), 1e-9)
    counts = np.bincount((vectors @ prototypes.T).argmax(1), minlength=len(prototypes))
    return prototypes[counts > 0], counts[counts > 0]


def _spread_out(vectors: NDArray[np.float32], most: int) -> list[int]:
    """Return the places of vectors that are little alike, beginning with the one most like the mean of all."""
    chosen = [int((vectors @ vectors.mean(0)).argmax())]
    likeness = vectors @ vectors[chosen[0]]
    while len(chosen) < min(most, len(vectors)):
        place = int(likeness.argmin())
        if likeness[place] > 1 - 1e-6:  # the rest repeats what there is
            break
        chosen.append(place)
        np.maximum(likeness, vectors @ vectors[place], out=likeness)
    return chosen
