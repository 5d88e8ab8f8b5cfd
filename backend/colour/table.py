"""Colour spaces of table profiles (printers, scanners, some displays), through LittleCMS at 16 bits."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray

from raiha.backend.colour.icc_profile import damaged
from raiha.backend.colour.tone_curve import Values

POINTS = 33
"""Lattice points along each axis."""


class TableSpace:
    """Both directions as lattices of 33 x 33 x 33 points, read by trilinear interpolation.

    A layer's value becomes value + (back(sRGB + change) - back(sRGB)): only the change comes from the lattice, so the
    layer keeps its own depth and a smooth gradient stays smooth.
    """

    exact = True

    def __init__(self, profile: bytes) -> None:
        """Compute the lattices.

        Raises:
            RaihaError: ``bad-profile`` when LittleCMS cannot use the profile.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "profile.icc"
            path.write_bytes(profile)
            try:
                self._forth = _lattice(str(path), "srgb")
                self._back = _lattice("srgb", str(path))
            except pyvips.Error as error:
                raise damaged() from error

    def to_srgb(self, values: Values) -> Values:
        """Convert (3, ...) to encoded sRGB in [0, 1]."""
        return _read(self._forth, values)

    def with_change(self, values: Values, colours: Values, change: Values) -> Values:
        """Add the difference that the change makes in the layer's space."""
        return _read(self._back, colours + change) - _read(self._back, colours) + values


def _lattice(source: str, target: str) -> NDArray[np.float32]:
    """Tabulate the conversion from one profile to another, relative colorimetric.

    Returns:
        (3, POINTS ** 3) float32: the target's values; red varies fastest, blue slowest.
    """
    steps = np.linspace(0, 65535, POINTS).round().astype(np.uint16)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    values: NDArray[np.uint16] = np.stack([red, green, blue], axis=-1).reshape(POINTS, POINTS**2, 3)
    image = pyvips.Image.new_from_array(values, interpretation="rgb16")
    moved = image.icc_transform(target, input_profile=source, intent="relative", depth=16).numpy()
    table = moved[..., :3].reshape(-1, 3).T.astype(np.float32)
    return np.ascontiguousarray(table / np.float32(65535))


def _read(lattice: NDArray[np.float32], colours: Values) -> Values:
    """Interpolate a lattice at colours (3, ...); return (3, ...). Beyond [0, 1] its edge is repeated."""
    places = np.fmax(np.fmin(colours, np.float32(1)), np.float32(0)) * np.float32(POINTS - 1)
    cells = np.minimum(places.astype(np.intp), POINTS - 2)
    shares = (places - cells).astype(np.float32)
    corner = cells[0] + POINTS * (cells[1] + POINTS * cells[2])
    found = np.zeros_like(colours)
    for steps in itertools.product((0, 1), repeat=3):
        weight = np.ones_like(colours[0])
        for share, step in zip(shares, steps, strict=True):
            weight *= share if step else 1 - share
        at = corner + (steps[0] + POINTS * (steps[1] + POINTS * steps[2]))
        for channel, plane in enumerate(lattice):
            found[channel] += weight * plane.take(at)
    return found
