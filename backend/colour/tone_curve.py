"""Tone curves of ICC profiles, exact in float32 both ways and beyond [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


class ToneCurve(Protocol):
    """An increasing function from encoded to linear values and its inverse."""

    def decode(self, encoded: Values) -> Values:
        """Return linear values for encoded ones of any shape; a new array."""

    def encode(self, linear: Values) -> Values:
        """Return encoded values for linear ones of any shape; a new array."""


@dataclass(frozen=True)
class ParametricCurve:
    """ICC's parametric curve: (a x + b)^gamma + e from x = d on, c x + f below; mirrored for negative values."""

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 0.0
    f: float = 0.0

    def decode(self, encoded: Values) -> Values:
        """Return linear values for encoded ones of any shape; a new array."""
        if self == LINEAR:
            return np.array(encoded)
        size = np.abs(encoded)
        curved = _power(size * np.float32(self.a) + np.float32(self.b), self.gamma) + np.float32(self.e)
        if self.d > 0:
            straight = size * np.float32(self.c) + np.float32(self.f)
            curved = np.where(size < self.d, straight, curved)
        result: Values = np.copysign(curved, encoded)
        return result

    def encode(self, linear: Values) -> Values:
        """Return encoded values for linear ones of any shape; a new array."""
        if self == LINEAR:
            return np.array(linear)
        size = np.abs(linear)
        curved = (_power(size - np.float32(self.e), 1 / self.gamma) - np.float32(self.b)) / np.float32(self.a)
        if self.d > 0 and self.c > 0:
            straight = (size - np.float32(self.f)) / np.float32(self.c)
            curved = np.where(size < self.c * self.d + self.f, straight, curved)
        result: Values = np.copysign(curved, linear)
        return result


LINEAR = ParametricCurve(1.0)

SRGB = ParametricCurve(gamma=2.4, a=1 / 1.055, b=0.055 / 1.055, c=1 / 12.92, d=0.04045)
"""IEC 61966-2-1."""


class SampledCurve:
    """A table of linear values at evenly spaced encoded ones, interpolated and extrapolated linearly."""

    def __init__(self, samples: NDArray[np.float64]) -> None:
        """Take (n,) linear values in [0, 1], n at least 2; falling and level parts are made to rise slightly."""
        self._linear = np.maximum.accumulate(samples) + np.linspace(0, 1e-9, len(samples))
        self._encoded = np.linspace(0, 1, len(samples))

    def decode(self, encoded: Values) -> Values:
        """Return linear values for encoded ones of any shape; a new array."""
        return _interpolated(encoded, self._encoded, self._linear)

    def encode(self, linear: Values) -> Values:
        """Return encoded values for linear ones of any shape; a new array."""
        return _interpolated(linear, self._linear, self._encoded)


def _power(base: Values, exponent: float) -> Values:
    """Raise ``base`` (changed in place) to a power; 0 below 0. NumPy's exp and log are vectorized, its power is not."""
    np.maximum(base, 0, out=base)
    with np.errstate(divide="ignore"):  # the logarithm of 0 is -inf, and its exponential 0
        np.log(base, out=base)
    base *= np.float32(exponent)
    return np.exp(base, out=base)


def _interpolated(values: Values, known: NDArray[np.float64], found: NDArray[np.float64]) -> Values:
    result = np.interp(values, known, found)
    for beyond, end in ((values < known[0], 0), (values > known[-1], -1)):
        if beyond.any():
            near = 1 if end == 0 else -2
            slope = (found[end] - found[near]) / (known[end] - known[near])
            result = np.where(beyond, found[end] + slope * (values - known[end]), result)
    return result.astype(np.float32)
