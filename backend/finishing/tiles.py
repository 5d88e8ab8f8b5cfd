"""Read tiles of a layer as encoded sRGB in float, and write what has changed, at any depth and profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raiha.backend.colour.pixels import Pixels
from raiha.backend.colour.spaces import ColourSpace, colour_space
from raiha.backend.colour.tone_curve import Values


@dataclass(frozen=True)
class Tiles:
    """The pixels of a layer or a background in parts.

    Attributes:
        pixels: (H, W, 3 or 4).
        space: their colour space.
        largest: the integer that is white; None for floats.
    """

    pixels: Pixels
    space: ColourSpace
    largest: int | None

    @classmethod
    def of(cls, pixels: Pixels, profile: bytes | None) -> Tiles:
        """Return the pixels of a picture with this ICC profile.

        Raises:
            RaihaError: ``bad-profile``.
        """
        largest = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else None
        return cls(pixels, colour_space(profile), largest)

    def values(self, rows: slice, columns: slice) -> Values:
        """Return (3, h, w) float32 in the layer's own space, 1 is white; NaN and infinite values count as 0."""
        part = self.pixels[rows, columns, :3]
        planes = np.empty((3, *part.shape[:2]), dtype=np.float32)
        np.copyto(planes, part.transpose(2, 0, 1))
        if self.largest is None:
            np.nan_to_num(planes, copy=False, nan=0, posinf=0, neginf=0)
        else:
            planes *= np.float32(1 / self.largest)
        return planes

    def colours(self, rows: slice, columns: slice) -> Values:
        """Return (3, h, w) float32 encoded sRGB."""
        return self.space.to_srgb(self.values(rows, columns))

    def alpha(self, rows: slice, columns: slice) -> Values | None:
        """Return (h, w) float32 in [0, 1], or None without an alpha channel."""
        if self.pixels.shape[2] == 3:
            return None
        part: Values = self.pixels[rows, columns, 3].astype(np.float32)
        return part * np.float32(1 / self.largest) if self.largest else np.nan_to_num(part).clip(0, 1)

    def change(self, rows: slice, columns: slice, values: Values, change: Values, result: Pixels) -> None:
        """Write pixels that are changed to the same place of ``result``.

        Pixels whose change is 0 are not written, nor are those that are not finite, or would not be. No integer
        reaches either end of its range that was not there before.

        Args:
            rows: of the layer.
            columns: of the layer.
            values: (3, h, w) what ``values`` returned for them.
            change: (3, h, w) in encoded sRGB.
            result: (H, W, C).
        """
        after = self.space.with_change(values, self.space.to_srgb(values), change)
        source, target = self.pixels[rows, columns], result[rows, columns]
        rounds_to_itself = self.space.exact and self.largest is not None
        changed = True if rounds_to_itself else (change != 0).any(axis=0)
        for channel, plane in enumerate(after):
            old = source[..., channel]
            if self.largest is not None:
                plane *= np.float32(self.largest)
                np.rint(plane, out=plane)
                np.clip(plane, np.minimum(old, 1), np.maximum(old, self.largest - 1), out=plane)
                np.copyto(target[..., channel], plane, where=changed, casting="unsafe")
            else:
                with np.errstate(over="ignore"):
                    stored = plane.astype(old.dtype)
                np.copyto(target[..., channel], stored, where=changed & np.isfinite(old) & np.isfinite(stored))
