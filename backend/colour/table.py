"""Colour spaces of table profiles (printers, scanners, some displays), through LittleCMS at 16 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

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


def _lattice(source: str, target: str) -> Tensor:
    """Tabulate the conversion from one profile to another, relative colorimetric.

    Returns:
        (1, 3, POINTS, POINTS, POINTS) float32, axes blue, green, red: the target's values.
    """
    steps = np.linspace(0, 65535, POINTS).round().astype(np.uint16)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    values: NDArray[np.uint16] = np.stack([red, green, blue], axis=-1).reshape(POINTS, POINTS**2, 3)
    image = pyvips.Image.new_from_array(values, interpretation="rgb16")
    moved = image.icc_transform(target, input_profile=source, intent="relative", depth=16).numpy()
    table = torch.from_numpy(moved[..., :3].astype(np.float32) / 65535)
    return table.view(POINTS, POINTS, POINTS, 3).permute(3, 0, 1, 2)[None].contiguous()


def _read(lattice: Tensor, colours: Values) -> Values:
    """Interpolate a lattice at colours (3, ...); return (3, ...)."""
    place = torch.from_numpy(colours.reshape(3, -1).T * np.float32(2) - np.float32(1))[None, None, None]
    found = functional.grid_sample(lattice, place, mode="bilinear", padding_mode="border", align_corners=True)
    values: Values = found.reshape(colours.shape).numpy()
    return values
