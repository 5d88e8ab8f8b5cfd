"""Add noise to an object: Gaussian, in octaves, as strong as it is to be at each luminance, and always the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.colour.tone_curve import Values
from raiha.backend.finishing.noise import BINS, OCTAVES, centres, octave_powers

SIDE = 512
"""Pixels after which the noise repeats."""

_EDGES = (0.0, 0.6, 1.3, 2.6)
"""Standard deviations in pixels of the blurs between which the octaves' noises lie."""

_STEPS = 256
"""Luminances for which the strength of the noise is tabled."""

_MOST = 0.25
"""Deviation of an octave's noise at most, white is 1."""


@dataclass(frozen=True)
class Grain:
    """Noise.

    Attributes:
        powers: (``OCTAVES``, ``BINS``) float32, variance of the luminance's details in each octave (noise.py) at
            each of ``noise.centres()``; white is 1.
        chroma: (3, 3) float32, covariance of red, green and blue, whose luminance has the variance 1.
        scale: pixels of this layer per pixel of the layer that was measured, 0 to 1; below 1 for previews.
    """

    powers: NDArray[np.float32]
    chroma: NDArray[np.float32]
    scale: float = 1.0

    def reduced(self, scale: float) -> Grain:
        """Return the noise that is left after averaging to this scale, 0 to 1."""
        return Grain(self.powers, self.chroma, self.scale * scale)

    def as_json(self) -> dict[str, object]:
        """Return what the protocol carries: standard deviations in per cent of white, and the covariance."""
        deviations = 100 * np.sqrt(self.powers)
        return {
            "deviations": np.round(deviations.astype(float), 4).tolist(),
            "chroma": np.round(self.chroma.astype(float), 4).tolist(),
        }

    @classmethod
    def of_json(cls, entries: object) -> Grain:
        """Return the grain that ``as_json`` wrote.

        Raises:
            ValueError: an entry is missing, or is not made of as many finite numbers as it should be.
        """
        if not isinstance(entries, Mapping) or entries.keys() != {"deviations", "chroma"}:
            raise ValueError("grain is not made of deviations and chroma")
        deviations = _numbers(entries["deviations"], (OCTAVES, BINS), "deviations") / 100
        chroma = _numbers(entries["chroma"], (3, 3), "chroma")
        return cls(deviations.clip(0, _MOST) ** 2, _covariance(chroma))


class GrainTiles:
    """The noise of a layer in parts, as it is added."""

    def __init__(self, grain: Grain) -> None:
        fields, leaks = _octave_noises()
        lower = np.linalg.cholesky(grain.chroma + 1e-6 * np.eye(3)).astype(np.float32)
        self._noises = np.einsum("ij,ojyx->oiyx", lower, fields)
        strengths = _mixed(_at_scale(grain.powers, grain.scale), leaks)  # (OCTAVES, BINS) variances of the fields
        places = np.linspace(0, 1, _STEPS)
        self._tables = np.array([np.interp(places, centres(), np.sqrt(line)) for line in strengths], dtype=np.float32)

    def noise(self, colours: Values, top: int, left: int) -> Values:
        """Return (3, h, w) to add to encoded sRGB colours (3, h, w) whose first pixel is at this place of the layer.

        The tile must not reach across a multiple of ``SIDE``.
        """
        luminance = np.einsum("c,chw->hw", np.array(LUMINANCE, dtype=np.float32), colours)
        index = np.clip(luminance * np.float32(_STEPS - 1), 0, _STEPS - 1).astype(np.uint8)
        top, left = top % SIDE, left % SIDE
        place = np.s_[:, top : top + colours.shape[1], left : left + colours.shape[2]]
        total, part = np.zeros_like(colours), np.empty_like(colours)
        for noises, table in zip(self._noises, self._tables, strict=True):
            if table.any():
                np.multiply(noises[place], table.take(index), out=part)
                total += part
        return total


def _at_scale(powers: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Return the powers after averaging ``1 / scale`` pixels along each side: octaves move down and out."""
    places = np.arange(OCTAVES) - np.log2(scale)
    beyond = np.array([np.interp(places, np.arange(OCTAVES), powers[:, place]) for place in range(BINS)]).T
    fading = 4.0 ** -np.maximum(places - (OCTAVES - 1), 0)  # of white noise, which is what is left further down
    reduced: NDArray[np.float32] = (beyond * fading[:, None]).astype(np.float32)
    return reduced


def _mixed(powers: NDArray[np.float32], leaks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the variances, at least 0, by which the octaves' noises together come nearest to the powers.

    Args:
        powers: (``OCTAVES``, ``BINS``) wanted.
        leaks: (``OCTAVES``, ``OCTAVES``) power in each octave (row) of each noise at variance 1 (column).
    """
    scale = np.maximum(powers, 1e-3 * powers.max() + 1e-12)  # relative errors count
    strengths = np.linalg.solve(leaks, powers).clip(0)
    for _ in range(200):  # multiplicative updates keep them from falling below 0
        made = leaks @ strengths
        strengths *= (leaks.T @ (powers / scale**2)) / np.maximum(leaks.T @ (made / scale**2), 1e-12)
    return strengths.astype(np.float32)


@lru_cache(maxsize=1)
def _octave_noises() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return noises (``OCTAVES``, 3, ``SIDE``, ``SIDE``) of variance 1 that repeat, and how they leak."""
    numbers = np.random.Generator(np.random.PCG64(28)).standard_normal((OCTAVES, 3, SIDE, SIDE), dtype=np.float32)
    frequencies = np.fft.fftfreq(SIDE)[:, None] ** 2 + np.fft.rfftfreq(SIDE)[None] ** 2
    fields = np.empty_like(numbers)
    for octave in range(OCTAVES):
        finer, coarser = (np.exp(-2 * (np.pi * edge) ** 2 * frequencies) for edge in _EDGES[octave : octave + 2])
        fields[octave] = np.fft.irfft2(np.fft.rfft2(numbers[octave]) * (finer - coarser), s=(SIDE, SIDE))
        fields[octave] /= fields[octave].std()
    leaks = np.array([np.mean([octave_powers(plane) for plane in field], axis=0) for field in fields]).T
    return fields, leaks.astype(np.float32)


def _covariance(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the nearest covariance whose luminance has the variance 1."""
    values, vectors = np.linalg.eigh((chroma + chroma.T) / 2)
    covariance = (vectors * values.clip(0)) @ vectors.T
    weights = np.array(LUMINANCE)
    power = weights @ covariance @ weights
    if not power > 0:
        raise ValueError("chroma is no covariance")
    scaled: NDArray[np.float32] = (covariance / power).astype(np.float32)
    return scaled


def _numbers(entry: object, shape: tuple[int, ...], name: str) -> NDArray[np.float32]:
    """Return an entry of this shape.

    Raises:
        ValueError: it has another shape, or holds something that is no finite number.
    """
    try:
        values = np.asarray(entry)
    except ValueError:  # rows of different lengths
        values = np.empty(0)
    if values.shape != shape or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ValueError(f"{name} is not made of {' x '.join(map(str, shape))} finite numbers")
    return values.astype(np.float32)
