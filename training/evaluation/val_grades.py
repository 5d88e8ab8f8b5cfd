"""Grades for val twins: moods that a whole photo can have, and the good photo that a retoucher makes of an object.

They are defined and drawn apart from the training samples' grades, so that val measures whether the network has learned
to match a mood, not whether it has learned a particular way of drawing moods. Photos are (1, 3, H, W) float32 encoded
sRGB in [0, 1], "light" is the same in linear light, and "stops" are powers of two of linear light.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from raiha.training.samples.colour_spaces import decode_srgb, encode_srgb, srgb_to_lab

Grade = Callable[[Tensor, np.random.Generator], Tensor]
"""A photo in a mood that is drawn anew each time, both (1, 3, H, W) encoded sRGB."""

_LUMINANCE = 0.2126, 0.7152, 0.0722
_MIDDLE_GREY = 0.18
_SHOULDER = 0.8  # linear light above which highlights are compressed
_DARK = 0.11  # mean linear light
_NEUTRAL_CHROMA, _COLOURED_CHROMA = 8.0, 12.0  # in CIELAB: at most of neutral pixels, and on average in coloured light
_FEW = 0.05  # share of the pixels
_ONE_HUE = 0.8  # length of the mean of a and b, divided by the mean of their lengths
_MOST_WARMTH, _MOST_TINT, _MOST_STOPS = 0.8, 0.25, 2.5  # stops that an automatic retouch corrects


def night(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Darken by up to 3 EV, bluish or under street lamps; in half of the cases lamps and sky stay bright."""
    stops = numbers.uniform(1.5, 3.0)
    light = decode_srgb(photo)
    light = _dim_around_lamps(light, stops) if numbers.random() < 0.5 else light * 2**-stops
    tint = (0.75, 0.92, 1.3) if numbers.random() < 0.6 else (1.3, 0.95, 0.55)
    return _saturate(encode_srgb(_tint(light, tint, numbers.uniform(0.2, 1))), numbers.uniform(0.5, 0.95))


def dusk(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Darken by a stop or two, and tint shadows cool and highlights warm."""
    light = _dim_around_lamps(decode_srgb(photo), numbers.uniform(0.6, 1.8))
    amount = numbers.uniform(0.4, 1.2)
    cool, warm = _tint(light, (0.85, 0.95, 1.25), amount), _tint(light, (1.2, 1.0, 0.8), amount)
    brightness = encode_srgb(_luminance(light))
    return _saturate(encode_srgb(cool + brightness * (warm - cool)), numbers.uniform(0.75, 1.15))


def underwater(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Absorb red light, and add a veil of the water's colour."""
    gains = tuple(2.0 ** -numbers.uniform(*stops) for stops in ((0.8, 2.5), (-0.1, 0.5), (-0.2, 0.5)))
    light = decode_srgb(photo) * _channels(gains) * 2 ** -numbers.uniform(0, 0.7)
    water = numbers.uniform(0.5, 1.5) * _channels((0.02, numbers.uniform(0.12, 0.24), numbers.uniform(0.16, 0.28)))
    return encode_srgb(_veil(light, water, numbers.uniform(0.08, 0.35)))


def coloured_light(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Light the scene by a lamp of any colour, as on a stage."""
    lamp = colorsys.hsv_to_rgb(numbers.random(), numbers.uniform(0.35, 0.85), 1.0)
    light = decode_srgb(photo) * 2 ** -numbers.uniform(0.0, 1.2)
    return encode_srgb(_shoulder(_tint(light, lamp, 1.0)))


def haze(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Add fog or haze, a little warm or cold, as bright as the brighter parts of the photo."""
    light = decode_srgb(photo)
    warmth = numbers.uniform(-0.15, 0.15)
    level = torch.quantile(_luminance(light), numbers.uniform(0.6, 0.9)).clamp(0.08, 0.7)
    air = level * _channels((1 + warmth, 1.0, 1 - warmth))
    return encode_srgb(_veil(light, air, numbers.uniform(0.15, 0.55)))


def sunset(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Light the scene by a low sun: warm, a little darker and richer, with some glow."""
    light = decode_srgb(photo) * 2 ** -numbers.uniform(-0.2, 1.0)
    light = _tint(light, (1.4, 0.98, 0.55), numbers.uniform(0.4, 1.2))
    glow = _channels((0.5, 0.3, 0.15)) * numbers.uniform(0.5, 1.0)
    light = _veil(light, glow, numbers.uniform(0.0, 0.15))
    return _saturate(encode_srgb(_shoulder(light)), numbers.uniform(0.9, 1.3))


def faded(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Apply a flat film look: lifted blacks, lowered whites, pale colours, tinted shadows and highlights."""
    black, white = numbers.uniform(0.05, 0.2), numbers.uniform(0.75, 0.95)
    pale = _saturate(photo, numbers.uniform(0.35, 0.85))
    shadows, highlights = (_channels(numbers.normal(0, 0.04, 3).tolist()) for _ in range(2))
    brightness = _luminance(pale)
    return black + (white - black) * pale + (1 - brightness) * shadows + brightness * highlights


GRADES: dict[str, Grade] = {
    "night": night,
    "dusk": dusk,
    "underwater": underwater,
    "coloured-light": coloured_light,
    "haze": haze,
    "sunset": sunset,
    "faded": faded,
}
"""By the name that val twins' files carry. Film tables, where there are any, are one more grade."""


def grade(photo: Tensor, mood: Grade, numbers: np.random.Generator) -> Tensor:
    """Return the photo in a mood, weak or strong, in [0, 1]."""
    strength = numbers.uniform(0.5, 1.0)
    return (photo + strength * (mood(photo, numbers) - photo)).clamp(0, 1)


def mildly_retouched(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Return the photo as another photographer might have developed it, in [0, 1]."""
    warmth = numbers.normal(0, 0.05)
    light = decode_srgb(photo) * 2 ** numbers.uniform(-0.3, 0.3)
    image = encode_srgb(_shoulder(_tint(light, (1 + warmth, 1.0, 1 - warmth), 1.0)))
    pivot = image.mean()
    image = pivot + numbers.uniform(0.92, 1.1) * (image - pivot)
    return _saturate(image, numbers.uniform(0.85, 1.15)).clamp(0, 1)


def has_mood(photo: Tensor) -> bool:
    """Return whether a photo is dark, or of one hue throughout and without anything neutral, as in coloured light."""
    if _luminance(decode_srgb(photo)).mean() < _DARK:
        return True
    chroma = srgb_to_lab(photo)[:, 1:].flatten(2)  # (1, 2, H * W)
    amounts = chroma.norm(dim=1)
    neutral = (amounts < _NEUTRAL_CHROMA).float().mean()
    agreement = chroma.mean(2).norm() / amounts.mean().clamp_min(1e-6)
    return bool(amounts.mean() > _COLOURED_CHROMA and neutral < _FEW and agreement > _ONE_HUE)


def as_good_photo(photo: Tensor, numbers: np.random.Generator) -> Tensor:
    """Return the photo as an automatic retouch would make it: white balance and exposure corrected, in [0, 1].

    The light's colour is taken from the highlights, and corrected along the axis of temperature more than along that
    of tint, since green is more often grass than light. Middle grey is the aim of the exposure.
    """
    light = decode_srgb(photo)
    red, green, blue = _highlights(light).log2().flatten().tolist()
    amount = numbers.uniform(0.6, 1.0)
    warmth = amount * _limited((red - blue) / 2, _MOST_WARMTH)
    tint = amount * _limited(green - (red + blue) / 2, _MOST_TINT)
    light = light * _channels((2**-warmth, 2**-tint, 2**warmth))
    stops = _limited(math.log2(_MIDDLE_GREY / float(_luminance(light).mean().clamp_min(1e-3))), _MOST_STOPS)
    return encode_srgb(_shoulder(light * 2 ** (stops * numbers.uniform(0.7, 1.0)))).clamp(0, 1)


def _limited(value: float, most: float) -> float:
    return max(-most, min(most, value))


def _channels(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)


def _luminance(picture: Tensor) -> Tensor:
    """Return (1, 1, H, W) the weighted mean of the channels."""
    return (picture * _channels(_LUMINANCE)).sum(1, keepdim=True)


def _highlights(light: Tensor) -> Tensor:
    """Return (1, 3, 1, 1) the 97th percentile of each channel's linear light, at least a hundredth."""
    return torch.quantile(light.flatten(2), 0.97, dim=2)[..., None, None].clamp_min(0.01)


def _tint(light: Tensor, colour: Sequence[float], amount: float) -> Tensor:
    """Multiply by a colour to the power of ``amount``, without a change of grey's luminance."""
    gains = _channels(colour) ** amount
    return light * (gains / _luminance(gains))


def _dim_around_lamps(light: Tensor, stops: float) -> Tensor:
    """Darken middle grey by ``stops``, darker parts more and white not at all."""
    return light.clamp_min(1e-6) ** (1 - stops / math.log2(_MIDDLE_GREY))


def _veil(light: Tensor, colour: Tensor, share: float) -> Tensor:
    """Mix with an evenly lit colour (1, 3, 1, 1)."""
    return light + share * (colour - light)


def _shoulder(light: Tensor) -> Tensor:
    """Compress highlights softly to less than 1."""
    room = 1 - _SHOULDER
    return torch.where(light > _SHOULDER, _SHOULDER + room * torch.tanh((light - _SHOULDER) / room), light)


def _saturate(image: Tensor, factor: float) -> Tensor:
    grey = _luminance(image)
    return grey + factor * (image - grey)
