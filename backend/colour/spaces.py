"""Conversion between a picture's own colour space and encoded sRGB, in which the network works."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.icc_profile import IccProfile, damaged, read_profile
from raiha.backend.colour.table import TableSpace
from raiha.backend.colour.tone_curve import SRGB, ToneCurve, Values

SRGB_TO_XYZ = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))
"""sRGB's primaries and white, adapted to D50 (Bradford), as in every sRGB profile."""

SAME = 4e-3
"""An 8-bit step: a profile that never differs more from sRGB counts as sRGB."""


class ColourSpace(Protocol):
    """Converts a layer's values to encoded sRGB, and changes them by a change in encoded sRGB.

    Values and sRGB may lie beyond [0, 1].
    """

    @property
    def exact(self) -> bool:
        """Whether a change of 0 returns the same value bit for bit, and sRGB lies in [0, 1] if the values do."""

    def to_srgb(self, values: Values) -> Values:
        """Convert (3, ...) float32, 1 is white, to encoded sRGB; the result may share memory with ``values``."""

    def with_change(self, values: Values, colours: Values, change: Values) -> Values:
        """Return new values whose encoded sRGB is ``colours + change``, given the ``colours`` of ``values``."""


class SrgbSpace:
    """Layers in encoded sRGB."""

    exact = True

    def to_srgb(self, values: Values) -> Values:
        """Return (3, ...) as they are."""
        return values

    def with_change(self, values: Values, colours: Values, change: Values) -> Values:
        """Return values + change."""
        return values + change


class MatrixSpace:
    """Layers whose profile has primaries and tone curves: Adobe RGB, Display P3, ProPhoto, Rec. 2020, linear sRGB."""

    exact = False

    def __init__(self, to_xyz: tuple[tuple[float, ...], ...], curves: tuple[ToneCurve, ...]) -> None:
        """Take the primaries' XYZ (D50) as columns and the curves of red, green and blue."""
        to_linear_srgb = np.linalg.solve(np.array(SRGB_TO_XYZ), np.array(to_xyz))
        self._to_linear_srgb = to_linear_srgb.astype(np.float32)
        self._from_linear_srgb = np.linalg.inv(to_linear_srgb).astype(np.float32)
        self._curves = curves

    def to_srgb(self, values: Values) -> Values:
        """Convert (3, ...) to encoded sRGB."""
        return _by_plane(SRGB.encode, _mixed(self._to_linear_srgb, self._decoded(values)))

    def with_change(self, values: Values, colours: Values, change: Values) -> Values:
        """Add the change in linear light, so that rounding errors of one channel never reach a darker one."""
        linear_change = _by_plane(SRGB.decode, colours + change)
        linear_change -= _by_plane(SRGB.decode, colours)
        linear = self._decoded(values)
        linear += _mixed(self._from_linear_srgb, linear_change)
        return np.stack([curve.encode(plane) for curve, plane in zip(self._curves, linear, strict=True)])

    def _decoded(self, values: Values) -> Values:
        return np.stack([curve.decode(plane) for curve, plane in zip(self._curves, values, strict=True)])


def _by_plane(curve: Callable[[Values], Values], values: Values) -> Values:
    """Apply a curve plane by plane, so that what it needs in between fits the cache."""
    return np.stack([curve(plane) for plane in values])


def _mixed(matrix: NDArray[np.float32], values: Values) -> Values:
    mixed: Values = np.einsum("ij,j...->i...", matrix, values)
    return mixed


@lru_cache(maxsize=8)
def colour_space(profile: bytes | None) -> ColourSpace:
    """Return the colour space that an ICC profile describes; None is sRGB.

    Profiles of primaries and curves are computed exactly, table profiles through LittleCMS, see ``TableSpace``.

    Raises:
        RaihaError: ``bad-profile`` or ``not-rgb``.
    """
    if profile is None:
        return SrgbSpace()
    parsed = read_profile(profile)
    if parsed.to_xyz is None:
        if not parsed.has_way_back:
            raise damaged()
        return TableSpace(profile)
    return _matrix_space(parsed, parsed.to_xyz)


def _matrix_space(parsed: IccProfile, to_xyz: tuple[tuple[float, ...], ...]) -> ColourSpace:
    if abs(np.linalg.det(np.array(to_xyz))) < 1e-6:
        raise damaged()
    space = MatrixSpace(to_xyz, parsed.curves)
    colours = np.stack(np.meshgrid(*[np.linspace(0, 1, 9, dtype=np.float32)] * 3))
    return SrgbSpace() if np.abs(space.to_srgb(colours) - colours).max() < SAME else space
