"""An adjustment as photographers make it: the result of harmonization, in numbers that can be read and changed.

It is applied to encoded sRGB in this order: gains in linear light (exposure, temperature, tint, and the shading of a
place), a tone curve that keeps black and white (contrast, brightness), saturation, and a veil of haze.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.finishing.finish import UNFINISHED, Finish

Values = NDArray[np.floating[Any]]
"""float32 or float64 of any shape."""

KNEE = 0.6
"""Linear light above which a gain rolls off, so that white stays white and nothing clips that did not."""

MOST_SHADING = 1.5
"""Stops that a place may be lighter or darker than the object as a whole, at most."""

LUMA = np.array(LUMINANCE, dtype=np.float32)
"""Weights of encoded sRGB's red, green and blue in luminance (Rec. 709 luma)."""

_ROUNDING = 1e-6
"""Of white after the gains; low contrast would make a visible difference of it."""

LIMITS: dict[str, tuple[float, float]] = {
    "exposure": (-5.0, 5.0),
    "temperature": (-4.0, 4.0),
    "tint": (-3.0, 3.0),
    "contrast": (-70.0, 150.0),
    "brightness": (-90.0, 90.0),
    "saturation": (-100.0, 100.0),
    "veil": (0.0, 90.0),
}
"""Least and most of each number."""

UNITS = {name: "EV" if name in ("exposure", "temperature", "tint") else "%" for name in LIMITS}
"""Unit of each number; temperature and tint are stops of red against blue and of magenta against green."""


@dataclass(frozen=True)
class Adjustment:
    """What is done to the object's colours; the defaults do nothing.

    Attributes:
        exposure: EV, mean of the three channels' gains in linear light.
        temperature: EV by which red is raised against blue: warmer above 0.
        tint: EV by which red and blue are raised against green: more magenta above 0.
        contrast: per cent by which the tone curve is steeper in the middle.
        brightness: per cent of the way that middle gray (0.5 encoded) goes towards white, below 0 towards black.
        saturation: per cent by which colours lie farther from gray.
        veil: per cent of the object that is covered by haze.
        veil_colour: encoded sRGB of the haze, 0 to 1.
        shading: (h, w) float32 EV over the window of the crop, mean 0 over the object; None is none.
        finish: what is done to the object after its colours.
    """

    exposure: float = 0.0
    temperature: float = 0.0
    tint: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    saturation: float = 0.0
    veil: float = 0.0
    veil_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shading: NDArray[np.float32] | None = None
    finish: Finish = UNFINISHED

    @property
    def gains(self) -> tuple[float, float, float]:
        """Gains of red, green and blue in linear light, stops."""
        third = self.tint / 3
        red, blue = third + self.temperature / 2, third - self.temperature / 2
        return self.exposure + red, self.exposure - 2 * third, self.exposure + blue

    @property
    def is_identity(self) -> bool:
        """Whether no colour changes."""
        return self.shading is None and not any(self.numbers.values())

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that a user can change, by name."""
        return {name: getattr(self, name) for name in LIMITS}

    def changed(self, numbers: Mapping[str, float]) -> Adjustment:
        """Return a copy with other numbers, held within ``LIMITS``."""
        held: dict[str, Any] = {name: float(np.clip(value, *LIMITS[name])) for name, value in numbers.items()}
        return replace(self, **held)

    def as_json(self) -> dict[str, object]:
        """Return what the protocol and ``--json`` carry: the numbers, rounded, and the shading as rows."""
        shading = [] if self.shading is None else np.round(self.shading, 3).tolist()
        numbers = {name: round(value, 3) for name, value in self.numbers.items()}
        colour = [round(value, 4) for value in self.veil_colour]
        finish = {} if self.finish.is_nothing else {"finish": self.finish.as_json()}
        return {**numbers, "veil_colour": colour, "shading": shading, **finish}

    @classmethod
    def of_json(cls, entries: Mapping[str, object]) -> Adjustment:
        """Return the adjustment that ``as_json`` wrote; numbers and shading are held within their limits.

        Raises:
            ValueError: an entry is unknown, or is not a finite number where it should be.
        """
        unknown = set(entries) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is not part of an adjustment")
        numbers = {name: float(_finite(entries[name], name, 0)) for name in LIMITS if name in entries}
        red, green, blue = _colour(entries.get("veil_colour", [0, 0, 0]))
        rows = entries.get("shading") or None
        shading = None if rows is None else _finite(rows, "shading", 2).clip(-MOST_SHADING, MOST_SHADING)
        finish = Finish.of_json(entries.get("finish", {}))
        return cls(veil_colour=(red, green, blue), shading=shading, finish=finish).changed(numbers)


def _finite(entry: object, name: str, dimensions: int) -> NDArray[np.float32]:
    """Return an entry as an array of finite numbers.

    Raises:
        ValueError: it is something else, or has another number of dimensions.
    """
    try:
        values = np.asarray(entry)
    except ValueError:  # rows of different lengths
        values = np.empty(0)
    if values.ndim != dimensions or not values.size or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ValueError(f"{name} is not made of finite numbers")
    return values.astype(np.float32) if dimensions else values


def _colour(entry: object) -> list[float]:
    values: list[float] = _finite(entry, "veil_colour", 1).clip(0, 1).tolist()
    if len(values) != 3:
        raise ValueError("veil_colour is not three numbers")
    return values


def decode(encoded: Values) -> Values:
    """Return encoded sRGB in [0, 1] as linear light."""
    light: Values = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return light


def encode(light: Values) -> Values:
    """Return linear light, at least 0, as encoded sRGB."""
    encoded: Values = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return encoded


def exposed(light: Values, gain: Values) -> Values:
    """Return linear light in [0, 1] times gains, rolled off above ``KNEE`` where they are above 1.

    The roll-off begins with the gain's own slope and ends with white at white.
    """
    plain = light * gain
    room = np.maximum(gain - KNEE, 1e-6)
    slope = room / (1 - KNEE)
    above = np.maximum(plain - KNEE, 0) / room
    rolled = KNEE + (1 - KNEE) * slope * above / (1 + (slope - 1) * above)
    light_out: Values = np.where((gain > 1) & (plain > KNEE), rolled, plain)
    return light_out


def toned(encoded: Values, steepness: float, offset: float) -> Values:
    """Return a sigmoid of steepness and offset over the logit of encoded values in [0, 1]; 0 and 1 stay."""
    held = np.clip(encoded, 1e-7, 1 - 1e-7)
    curve = 1 / (1 + np.exp(-(steepness * np.log(held / (1 - held)) + offset)))
    result: Values = np.where((encoded <= 0) | (encoded >= 1 - _ROUNDING), encoded, curve)
    return result


def saturated(colours: Values, factor: float) -> Values:
    """Return colours (3, ...) in [0, 1] with their distance from gray times a factor, see ``saturate``."""
    result = np.array(colours)
    saturate(result, factor, np.empty_like(result))
    return result


def saturate(colours: Values, factor: float, spare: Values, white: float = 1.0) -> None:
    """Multiply the distance from gray of colours (3, ...) in [0, white], in place.

    A factor above 1 counts less the nearer a colour is to the gamut's edge, so that it stays inside.

    Args:
        colours: encoded sRGB.
        factor: 0 leaves gray.
        spare: memory of the same shape and dtype.
        white: value of encoded white.
    """
    gray, part, other = spare
    np.multiply(colours[0], LUMA[0], out=gray)
    for plane, weight in zip(colours[1:], LUMA[1:], strict=True):
        gray += np.multiply(plane, weight, out=part)
    if factor <= 1:
        gray *= 1 - factor
        colours *= factor
        colours += gray
        return
    # How near to the edge, 0 to 1: above, (max - gray) / (white - gray); below, (gray - min) / gray.
    with np.errstate(divide="ignore", invalid="ignore"):
        np.maximum(np.maximum(colours[0], colours[1], out=part), colours[2], out=part)
        part -= gray
        part /= np.subtract(white, gray, out=other)
        np.minimum(np.minimum(colours[0], colours[1], out=other), colours[2], out=other)
        np.subtract(gray, other, out=other)
        other /= gray
    np.fmax(part, other, out=part)
    np.fmax(part, 0, out=part)  # black and white, which are 0 / 0
    np.fmin(part, 1, out=part)
    part *= 1 - factor
    part += factor
    colours -= gray
    colours *= part
    colours += gray


def tone_numbers(adjustment: Adjustment) -> tuple[float, float]:
    """Return steepness and offset of the tone curve."""
    middle = 0.5 + adjustment.brightness / 200
    return 1 + adjustment.contrast / 100, float(np.log(middle / (1 - middle)))


def adjusted(colours: Values, adjustment: Adjustment, shading: Values | float = 0.0) -> Values:
    """Return colours after an adjustment, by the exact formulas.

    Args:
        colours: (3, ...) encoded sRGB in [0, 1].
        adjustment: of the object; its own ``shading`` does not count here.
        shading: (...) EV of each place.
    """
    gains = np.asarray(adjustment.gains, dtype=colours.dtype).reshape(3, *[1] * (colours.ndim - 1))
    result = encode(exposed(decode(colours), np.exp2(gains + shading)))
    result = saturated(toned(result.clip(0, 1), *tone_numbers(adjustment)), 1 + adjustment.saturation / 100)
    colour = np.asarray(adjustment.veil_colour, dtype=colours.dtype).reshape(gains.shape)
    veiled: Values = result + adjustment.veil / 100 * (colour - result)
    return veiled
