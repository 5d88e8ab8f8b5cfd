"""Adjusts the picture in a dialog without the daemon, fast enough to follow a slider, with the standard library only.

The formulas are those of ``backend/pipeline/adjustment.py``. The pixels of the object are sorted by their colour in
narrow bins, their share of the object and the shading of their place; only these some thousand kinds are computed for
each move, as differences, which are added to the pixels of each kind. So gradients stay smooth, and what is shown is
within about two levels of what the daemon makes.
"""

from __future__ import annotations

import itertools
import math
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from .messages import Frame

NUMBERS = ("exposure", "temperature", "tint", "contrast", "brightness", "saturation", "veil")
"""Names of an adjustment's numbers; its shading is a map, of which a dialog changes the amount."""
LIMITS: Mapping[str, tuple[float, float]] = {
    "exposure": (-5.0, 5.0),
    "temperature": (-4.0, 4.0),
    "tint": (-3.0, 3.0),
    "contrast": (-70.0, 150.0),
    "brightness": (-90.0, 90.0),
    "saturation": (-100.0, 100.0),
    "veil": (0.0, 90.0),
    "shading": (0.0, 200.0),
}
"""Least and most of each number, and per cent of the shading that are added."""
UNITS: Mapping[str, str] = {name: "EV" if name in NUMBERS[:3] else "%" for name in LIMITS}

_KNEE = 0.6
_END_BINS = (1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4)
"""Widths of the colour bins at black and, the other way round, at white: there a level is a large part of the light."""
_BIN = 8
_FEWER_END_BINS, _WIDER_BIN = (1, 1, 2, 4, 8), 16
_MOST_KINDS = 12000
"""Kinds above which wider bins are used: more would take too long for each move."""
_MASK_STEP = 16
_STOPS_STEP = 1 / 32
_BLOCK = 4
"""Pixels along a side of the squares whose shading is taken as even."""
_MIDDLE_STOPS = 64
"""The number of the kind of place whose shading is 0; the shading is at most 1.5 stops, 48 steps."""


class Kind(NamedTuple):
    """What pixels of a kind have in common: bins of red, green and blue, level of the mask, and of the shading."""

    red: int
    green: int
    blue: int
    mask: int
    stops: int


class _Bins(NamedTuple):
    """Bins of the values 0 to 255.

    Attributes:
        numbers: 256 bytes, the bin of each value.
        spans: first and last value of each bin.
    """

    numbers: bytes
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, ends: Sequence[int], width: int) -> _Bins:
        middle, rest = divmod(256 - 2 * sum(ends), width)
        widths = [*ends, *[width] * middle, *([rest] if rest else []), *reversed(ends)]
        begins = [0, *itertools.accumulate(widths)]
        numbers = b"".join(bytes([number]) * size for number, size in enumerate(widths))
        return cls(numbers, [(begin, begin + size - 1) for begin, size in zip(begins, widths)])  # noqa: B905


class _Box(NamedTuple):
    """The part of the picture that holds the object, pixels; right and bottom are excluded."""

    left: int
    top: int
    right: int
    bottom: int


class AdjustablePicture:
    """A picture with an object whose colours can be adjusted.

    Args:
        before: RGB uint8, the picture as it is.
        mask: GRAY uint8 of the same size, 255 = object.
        shading: rows of stops over ``window``, as the result's ``adjustments`` have them; empty: none.
        window: left, top, right and bottom of what the shading spans, in the picture's pixels; None: the picture.
    """

    def __init__(
        self,
        before: Frame,
        mask: Frame,
        shading: Sequence[Sequence[float]] = (),
        window: tuple[float, float, float, float] | None = None,
    ) -> None:
        self.width, self.height = before.width, before.height
        self._pixels = _with_alpha(before)
        self._box = _box_of(mask)
        self._kinds: list[Kind] = []
        if self._box is None:
            return
        stops = _Stops(shading, window or (0.0, 0.0, float(self.width), float(self.height)))
        for ends, width in ((_END_BINS, _BIN), (_FEWER_END_BINS, _WIDER_BIN)):
            self._bins = _Bins.of(ends, width)
            places = self._sort(before, mask, stops)
            if len(self._kinds) <= _MOST_KINDS:
                break
        self._of_places: Callable[[list[int]], Any] = itemgetter(*places, 0)  # a second place: always a tuple
        self._colours = int.from_bytes(self._box_pixels(), "little")

    def adjusted(self, adjustment: Mapping[str, Any], strength: float = 1.0, only: str | None = None) -> bytearray:
        """Return the picture after an adjustment, RGBA uint8, opaque.

        Args:
            adjustment: numbers by the protocol's names, ``veil_colour``, and as ``shading`` the per cent of it that
                are added; what is missing changes nothing, a missing shading counts as 100.
            strength: 0 (untouched) to 1.5.
            only: ``"colour"`` or ``"luminance"`` to change nothing else.
        """
        out = bytearray(self._pixels)
        if self._box is None:
            return out
        differences = _Differences(adjustment, strength, only, self._bins.spans).of(self._kinds)
        box, changed = self._box, memoryview(self._with(differences))
        row = 4 * (box.right - box.left)
        for number in range(box.bottom - box.top):
            begin = 4 * ((box.top + number) * self.width + box.left)
            out[begin : begin + row] = changed[number * row : (number + 1) * row]
        return out

    def before(self) -> bytearray:
        """Return the picture as it is, RGBA uint8, opaque."""
        return bytearray(self._pixels)

    def _sort(self, before: Frame, mask: Frame, stops: _Stops) -> array[int]:
        """Find the kinds; return the number of the kind of each of the box's pixels. The first is what stays."""
        assert self._box is not None
        box, data, shares = self._box, memoryview(before.data).cast("B"), memoryview(mask.data).cast("B")
        numbers: defaultdict[Any, int] = defaultdict(itertools.count().__next__)
        found = array("I")
        for y in range(box.top, box.bottom):
            begin, end = y * self.width + box.left, y * self.width + box.right
            row = bytes(data[3 * begin : 3 * end]).translate(self._bins.numbers)
            levels = bytes(shares[begin:end]).translate(_MASK_LEVELS)
            lines = row[0::3], row[1::3], row[2::3], levels, stops.row(y, box.left, box.right)
            found.extend(map(numbers.__getitem__, zip(*lines)))  # noqa: B905
        self._kinds = [Kind(*values) for values in numbers if values[3]]
        new = {number: place for place, number in enumerate((n for v, n in numbers.items() if v[3]), start=1)}
        return array("I", map([new.get(number, 0) for number in range(len(numbers))].__getitem__, found))

    def _with(self, differences: list[int]) -> bytes:
        """Return the box's pixels, RGBA, after a difference for each kind; a whole picture is added as one integer."""
        packed = array("I", self._of_places(differences))
        if sys.byteorder == "big":
            packed.byteswap()
        return (self._colours + int.from_bytes(packed, "little")).to_bytes(4 * len(packed), "little")

    def _box_pixels(self) -> bytes:
        """Return the box's pixels, and one more, RGBA; what ``_UNCHANGED`` adds makes them opaque."""
        assert self._box is not None
        box, rows = self._box, range(self._box.top, self._box.bottom)
        pixels = bytearray()
        for y in rows:
            pixels += self._pixels[4 * (y * self.width + box.left) : 4 * (y * self.width + box.right)]
        pixels += bytes(4)
        pixels[3::4] = b"\xfe" * (len(pixels) // 4)
        return bytes(pixels)


class _Stops:
    """The shading's steps of stops at pixels."""

    def __init__(self, shading: Sequence[Sequence[float]], window: tuple[float, float, float, float]) -> None:
        self._shading = shading
        self._window = window
        self._rows: dict[tuple[int, int, int], bytes] = {}

    def row(self, y: int, left: int, right: int) -> bytes:
        """Return the number of the level at each pixel of a row, from ``left`` on to ``right``, excluded."""
        if not self._shading:
            return bytes([_MIDDLE_STOPS]) * (right - left)
        key = (y // _BLOCK, left, right)
        if key not in self._rows:
            self._rows = {key: self._levels(y // _BLOCK * _BLOCK + _BLOCK / 2, left, right)}
        return self._rows[key]

    def _levels(self, y: float, left: int, right: int) -> bytes:
        x0, y0, x1, y1 = self._window
        columns = len(self._shading[0])
        upper, lower, share = _between((y - y0) / (y1 - y0), len(self._shading))
        line = [a + share * (b - a) for a, b in zip(self._shading[upper], self._shading[lower])]  # noqa: B905
        levels = bytearray()
        for x in range(left, right, _BLOCK):
            first, second, part = _between((x + _BLOCK / 2 - x0) / (x1 - x0), columns)
            stops = line[first] + part * (line[second] - line[first])
            levels += bytes([_MIDDLE_STOPS + round(stops / _STOPS_STEP)]) * _BLOCK
        return bytes(levels[: right - left])


def _between(fraction: float, cells: int) -> tuple[int, int, float]:
    """Return the cells whose centres lie around a place, 0 to 1 of a row of cells, and the share of the second."""
    place = min(max(fraction * cells - 0.5, 0.0), cells - 1.0)
    first = int(place)
    return first, min(first + 1, cells - 1), place - first


class _Differences:
    """What an adjustment adds to pixels, packed as their bytes are, so that one addition changes all channels.

    The channels' own differences may be negative; ``_UNCHANGED`` keeps the sum positive, and adds 1 to alpha.
    """

    def __init__(
        self, adjustment: Mapping[str, Any], strength: float, only: str | None, spans: list[tuple[int, int]]
    ) -> None:
        numbers = {name: float(adjustment.get(name, 0.0)) for name in NUMBERS}
        self._saturation = 1 + numbers["saturation"] / 100
        self._veil = numbers["veil"] / 100
        self._haze = [self._veil * 255 * value for value in adjustment.get("veil_colour", (0.0, 0.0, 0.0))]
        self._gains = _gains(numbers)
        self._tone = _tone(numbers)
        self._shading = float(adjustment.get("shading", 100.0)) / 100
        self._strength = strength
        self._only = only
        self._middles = [(first + last) / 2 for first, last in spans]
        # No value reaches black or white that was not there before, and none leaves its own eight bits.
        self._least = [min(first, 1) - first for first, _ in spans]
        self._most = [max(last, 254) - last for _, last in spans]
        self._curves: dict[tuple[int, int], list[float]] = {}

    def of(self, kinds: list[Kind]) -> list[int]:
        """Return the difference of each kind, with that of pixels that stay before them."""
        least, most, middles = self._least, self._most, self._middles
        differences = [_UNCHANGED]
        curves = self._curves_of({kind.stops for kind in kinds})
        change, weights = self._change, [self._strength * share for share in _MASK_SHARES]
        for red, green, blue, mask, stops in kinds:
            reds, greens, blues = curves[stops]
            weight = weights[mask]
            r0, g0, b0 = middles[red], middles[green], middles[blue]
            r, g, b = change(r0, g0, b0, reds[red], greens[green], blues[blue])
            r, g, b = int(weight * r + 512.5) - 512, int(weight * g + 512.5) - 512, int(weight * b + 512.5) - 512
            r = least[red] if r < least[red] else most[red] if r > most[red] else r
            g = least[green] if g < least[green] else most[green] if g > most[green] else g
            b = least[blue] if b < least[blue] else most[blue] if b > most[blue] else b
            differences.append(_UNCHANGED + r + (g << 8) + (b << 16))
        return differences

    def _change(self, r0: float, g0: float, b0: float, r: float, g: float, b: float) -> tuple[float, float, float]:
        """Return by how much a colour changes, given what the curves make of it; all of 255."""
        factor = self._saturation
        if factor != 1:
            gray = 0.2126 * r + 0.7152 * g + 0.0722 * b
            if factor > 1:
                factor = _stretch(factor, gray, max(r, g, b), min(r, g, b))
            r, g, b = gray + factor * (r - gray), gray + factor * (g - gray), gray + factor * (b - gray)
        if self._veil:
            rest, haze = 1 - self._veil, self._haze
            r, g, b = rest * r + haze[0], rest * g + haze[1], rest * b + haze[2]
        r, g, b = r - r0, g - g0, b - b0
        if self._only is not None:
            light = 0.2126 * r + 0.7152 * g + 0.0722 * b
            if self._only == "luminance":
                return light, light, light
            return r - light, g - light, b - light
        return r, g, b

    def _curves_of(self, levels: set[int]) -> dict[int, tuple[list[float], list[float], list[float]]]:
        """Return what the gains and the tone curve make of each bin of red, green and blue, for levels of shading."""
        lights = [_decoded(middle / 255) for middle in self._middles]
        curves = {}
        for level in levels:
            stops = (level - _MIDDLE_STOPS) * _STOPS_STEP * self._shading
            red, green, blue = ([self._curve(light, 2 ** (gain + stops)) for light in lights] for gain in self._gains)
            curves[level] = (red, green, blue)
        return curves

    def _curve(self, light: float, gain: float) -> float:
        encoded = min(max(_encoded(_exposed(light, gain)), 0.0), 1.0)
        steepness, offset = self._tone
        if not 0 < encoded < 1 - 1e-6 or (steepness == 1 and offset == 0):
            return 255 * encoded
        return 255 / (1 + math.exp(-(steepness * math.log(encoded / (1 - encoded)) + offset)))


def _stretch(factor: float, gray: float, most: float, least: float) -> float:
    """Return by how much a colour's distance from gray grows: less near the edge of the gamut."""
    upper = (most - gray) / (255 - gray) if gray < 255 else 0.0
    lower = (gray - least) / gray if gray > 0 else 0.0
    return 1 + (factor - 1) * (1 - min(max(upper, lower, 0.0), 1.0))


def _gains(numbers: Mapping[str, float]) -> tuple[float, float, float]:
    exposure, third, half = numbers["exposure"], numbers["tint"] / 3, numbers["temperature"] / 2
    return exposure + third + half, exposure - 2 * third, exposure + third - half


def _tone(numbers: Mapping[str, float]) -> tuple[float, float]:
    middle = 0.5 + numbers["brightness"] / 200
    return 1 + numbers["contrast"] / 100, math.log(middle / (1 - middle))


def _decoded(encoded: float) -> float:
    return encoded / 12.92 if encoded <= 0.04045 else ((encoded + 0.055) / 1.055) ** 2.4


def _encoded(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _exposed(light: float, gain: float) -> float:
    plain = light * gain
    if gain <= 1 or plain <= _KNEE:
        return plain
    room = gain - _KNEE
    slope, above = room / (1 - _KNEE), (plain - _KNEE) / room
    return _KNEE + (1 - _KNEE) * slope * above / (1 + (slope - 1) * above)


def _mask_levels() -> tuple[bytes, list[float]]:
    """Return the level of each value of a mask, 0 only for 0, and the share of the object at each level."""
    levels = bytes(0 if value == 0 else 17 if value == 255 else 1 + value // _MASK_STEP for value in range(256))
    shares = [0.0, *((level * _MASK_STEP + (_MASK_STEP - 1) / 2) / 255 for level in range(16)), 1.0]
    return levels, shares


_MASK_LEVELS, _MASK_SHARES = _mask_levels()
_UNCHANGED = 1 << 24


def _with_alpha(picture: Frame) -> bytes:
    """Return an RGB picture as opaque RGBA."""
    pixels = bytearray(b"\xff") * (4 * picture.width * picture.height)
    source = memoryview(picture.data).cast("B")
    for channel in range(3):
        pixels[channel::4] = bytes(source[channel::3])
    return bytes(pixels)


def _box_of(mask: Frame) -> _Box | None:
    """Return the smallest box around what the mask covers; None if that is nothing."""
    data, width = bytes(mask.data), mask.width
    first = len(data) - len(data.lstrip(b"\0"))
    if first == len(data):
        return None
    top, bottom = first // width, (len(data.rstrip(b"\0")) - 1) // width + 1
    rows = [data[y * width : (y + 1) * width] for y in range(top, bottom)]
    left = min(width - len(row.lstrip(b"\0")) for row in rows)
    right = max(len(row.rstrip(b"\0")) for row in rows)
    return _Box(left, top, right, bottom)
