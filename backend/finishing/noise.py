"""Measure a photo's noise by luminance and by octave, in its flat places only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.colour.tone_curve import Values

OCTAVES = 3
"""Octaves of noise that count: details of 1, 2 and 4 pixels."""

BINS = 8
"""Ranges of luminance."""

BLOCK = 32
"""Pixels of a side of a block. Blocks begin at multiples of it, so that no detail that counts crosses a border of
JPEG's blocks of 8 pixels."""

_MOST_SPREAD = 1.5
"""Ratio of the upper to the lower quartile of flat blocks' finest power, above which they show texture. Noise alone
makes 1.1 of it; its growth with luminance within a range adds to that."""

_FLATTEST = 0.1
"""Share of the blocks of a range of luminance that count as flat."""

_FEWEST = 6
"""Flat blocks of a range of luminance from which its noise can be read."""

_CLIPPED = 0.02
"""Distance from black or white below which noise is cut off."""

LEAST = (0.4 / 255) ** 2
"""Power of the two finest octaves together below which there is no noise: less than an 8-bit step shows."""


@dataclass(frozen=True)
class Noise:
    """A photo's noise.

    Attributes:
        powers: (``OCTAVES``, ``BINS``) variance of the luminance's details (``octave_powers``); white is 1. Ranges
            without flat places have the powers of their neighbours.
        chroma: (3, 3) covariance of the colours' finest details, their luminance's variance being 1.
        blocks: flat blocks that were found.
    """

    powers: NDArray[np.float32]
    chroma: NDArray[np.float32]
    blocks: int


def centres() -> NDArray[np.float64]:
    """Return the luminances, 0 to 1, in the middle of the ranges."""
    return (np.arange(BINS) + 0.5) / BINS


def octave_powers(luminance: Values, octaves: int = OCTAVES) -> Values:
    """Return the power of each octave of a plane (..., h, w), sides multiples of 2 ** octaves: (octaves, ...).

    The power is the variance of the Haar details of means of 1, 2, 4, ... pixels; that of white noise of variance 1
    is 1, 1/4, 1/16, ...
    """
    powers = []
    for _ in range(octaves):
        details, luminance = _details(luminance)
        powers.append((details**2).mean((0, -2, -1)))
    return np.array(powers)


def measured(blocks: Iterable[Values], step: float) -> Noise | None:
    """Return the noise of blocks, or None where there is none, or no flat place to measure it.

    Args:
        blocks: (3, ``BLOCK``, ``BLOCK``) float32 encoded sRGB each.
        step: of the values, white is 1: their rounding is not noise.
    """
    stack = np.array([block for block in blocks if block.min() > _CLIPPED and block.max() < 1 - _CLIPPED])
    if len(stack) < _FEWEST:
        return None
    luminance = np.einsum("c,nchw->nhw", np.array(LUMINANCE, dtype=np.float32), stack)
    powers = octave_powers(luminance, OCTAVES + 2)  # the coarsest two say how flat a block is
    flat_for_fine = powers[2:].sum(0)
    flat_for_coarse = powers[:2].sum(0)
    ranges = np.minimum(luminance.mean((1, 2)) * BINS, BINS - 1).astype(int)
    rounding = step**2 / 12 * (np.array(LUMINANCE) ** 2).sum() / 4.0 ** np.arange(OCTAVES)
    table = np.full((OCTAVES, BINS), np.nan)
    fine_blocks = []
    for place in range(BINS):
        here = np.flatnonzero(ranges == place)
        count = max(_FEWEST, round(_FLATTEST * len(here)))
        if len(here) < _FEWEST:
            continue
        fine = here[np.argsort(flat_for_fine[here])[:count]]
        coarse = here[np.argsort(flat_for_coarse[here])[:count]]
        line = np.append(np.median(powers[:2, fine], axis=1), np.median(powers[2, coarse])) - rounding
        if not (_is_noise(line) and _are_alike(powers[0, fine])):
            continue
        table[:, place] = line.clip(0)
        fine_blocks.append(fine)
    known = ~np.isnan(table[0])
    if not known.any():
        return None
    filled = [np.interp(centres(), centres()[known], line[known]) for line in table]
    flat = np.concatenate(fine_blocks)
    return Noise(np.array(filled, dtype=np.float32), _chroma(stack[flat]), len(flat))


def _is_noise(powers: NDArray[np.float64]) -> bool:
    """Return whether the powers of flat blocks are those of noise: texture grows towards coarse octaves."""
    return bool(powers[0] + powers[1] > LEAST and powers[2] < 0.7 * max(powers[0], powers[1]))


def _are_alike(powers: Values) -> bool:
    """Return whether blocks are about equally rough, as noise makes them, or one more than the other: texture."""
    low, high = np.quantile(powers, (0.25, 0.75))
    return bool(high < _MOST_SPREAD * low)


def _chroma(blocks: Values) -> NDArray[np.float32]:
    """Return the covariance of the details of blocks (n, 3, h, w), that of their luminance being 1."""
    fine, coarser = _details(blocks)
    next_details, _ = _details(coarser)
    parts = [np.moveaxis(details, 2, 0).reshape(3, -1) for details in (fine, next_details)]
    covariance = sum(part @ part.T / part.shape[1] for part in parts)
    weights = np.array(LUMINANCE)
    scaled: NDArray[np.float32] = (covariance / (weights @ covariance @ weights)).astype(np.float32)
    return scaled


def _details(plane: Values) -> tuple[Values, Values]:
    """Return the three Haar details (3, ..., h / 2, w / 2) of a plane (..., h, w), and its means of 2 x 2 pixels."""
    upper, lower = plane[..., ::2, :], plane[..., 1::2, :]
    a, b, c, d = upper[..., ::2], upper[..., 1::2], lower[..., ::2], lower[..., 1::2]
    details: Values = np.array([a - b + c - d, a + b - c - d, a - b - c + d]) * np.float32(0.5)
    return details, (a + b + c + d) * np.float32(0.25)
