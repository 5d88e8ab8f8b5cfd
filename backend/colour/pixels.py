"""The pixels of a layer, a background or a picture, at any depth."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Pixels = NDArray[Any]
"""(height, width, channels) uint8, uint16, float16 or float32; integers span their range, floats have 1.0 as white."""
