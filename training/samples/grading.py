"""Grades of whole photos, and automatic retouches of objects: what differs between two people's pictures.

Photos are (B, 3, H, W) float32 encoded sRGB in [0, 1]; every function returns the same shape, in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor

from raiha.training.samples.colour_spaces import decode_srgb, encode_srgb
from raiha.training.samples.random_draws import normal, uniform

_SHOULDER = 0.8  # linear light from which on highlights are compressed in place of clipped
_COLOURED_SHARE = 0.25  # of the lights that lie off the daylight and tungsten locus: stage, neon, water
_WATER_SHARE = 0.08
_LAMPS_SHARE = 0.4  # of the dark grades in which lamps and sky stay bright
_VEIL_SHARE = 0.25
_SPLIT_TONE = 0.03

_GOOD_LEVEL = 0.13, 0.32  # mean linear light that an automatic retouch gives an object
_GOOD_SPREAD = 0.14, 0.25  # standard deviation of its encoded luminance
_GOOD_CHROMA = 0.04, 0.11  # mean absolute difference of its channels from their mean


def soft_shoulder(light: Tensor) -> Tensor:
    """Linear light, compressed above ``_SHOULDER`` so that it stays below 1."""
    room = 1 - _SHOULDER
    return torch.where(light > _SHOULDER, _SHOULDER + room * torch.tanh((light - _SHOULDER) / room), light)


def light_gains(photos: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3, 1, 1) gains of a light's colour in stops, most along the daylight and tungsten locus, of mean 0."""
    warmth, tint = normal(photos, 1, generator, 0.5), normal(photos, 1, generator, 0.1)
    locus = torch.cat([0.5 * warmth - tint / 2, tint, -0.75 * warmth - tint / 2], dim=1)
    coloured = normal(photos, 3, generator, 0.6)
    depth = uniform(photos, 0.4, 2.0, generator)
    water = torch.cat([-depth, 0.1 * depth, 0.3 * depth], dim=1)
    kind = uniform(photos, 0, 1, generator)
    gains = torch.where(kind < _COLOURED_SHARE, coloured, locus)
    gains = torch.where(kind > 1 - _WATER_SHARE, water, gains)
    return gains - gains.mean(1, keepdim=True)


def _exposures(photos: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 1, 1, 1) exposures in stops: two thirds darker, down to a night's."""
    darker = uniform(photos, -3.2, 0.0, generator)
    brighter = uniform(photos, 0.0, 1.0, generator)
    return torch.where(uniform(photos, 0, 1, generator) < 0.67, darker, brighter)


def _contrast(photos: Tensor, pivot: Tensor, stops: Tensor) -> Tensor:
    return pivot + (photos - pivot) * torch.exp2(stops)


def _saturation(photos: Tensor, stops: Tensor) -> Tensor:
    grey = photos.mean(1, keepdim=True)
    return grey + (photos - grey) * torch.exp2(stops)


def grade(photos: Tensor, generator: torch.Generator) -> Tensor:
    """Whole photos in a mood: dusk and night, warm, coloured and stage light, water, haze, flat and rich looks.

    Light and strong grades alike. Where a grade darkens, lamps and sky stay bright in some photos.
    """
    strength = uniform(photos, 0.1, 1.0, generator)
    stops = strength * _exposures(photos, generator)
    gains = strength * light_gains(photos, generator)
    light = decode_srgb(photos)
    even = soft_shoulder(light * torch.exp2(stops + gains))
    # A power of linear light keeps white: lamps stay what they are while everything else goes dark.
    power = torch.exp2(-0.5 * stops.clamp(max=0))
    lamps = light.clamp(1e-5, 1) ** power * torch.exp2(gains * (1 - light))
    keeps_lamps = (uniform(photos, 0, 1, generator) < _LAMPS_SHARE) & (stops < 0)
    images = encode_srgb(torch.where(keeps_lamps, lamps.clamp(0, 1), even))
    images = _with_veil(images, strength, gains, generator)
    images = _contrast(images, images.mean((1, 2, 3), keepdim=True), strength * normal(photos, 1, generator, 0.3))
    images = _saturation(images, strength * (normal(photos, 1, generator, 0.45) - 0.1))
    grey = images.mean(1, keepdim=True).clamp(0, 1)
    split = strength * normal(photos, 6, generator, _SPLIT_TONE)
    return (images + split[:, :3] * (1 - grey) + split[:, 3:] * grey).nan_to_num(0.5).clamp(0, 1)


def _with_veil(images: Tensor, strength: Tensor, gains: Tensor, generator: torch.Generator) -> Tensor:
    """Haze or fog over a share of the images, in the colour of their light or nearly gray."""
    share = strength * uniform(images, 0, 0.5, generator) * (uniform(images, 0, 1, generator) < _VEIL_SHARE)
    level = images.mean((2, 3), keepdim=True).amax(1, keepdim=True) * uniform(images, 0.9, 1.8, generator)
    colour = (level * torch.exp2(0.5 * gains + normal(images, 3, generator, 0.08))).clamp(0, 1)
    return images + share * (colour - images)


def auto_retouch(photos: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
    """Photos as an automatic retouch of the object would leave them: exposed, balanced, with contrast and colour.

    Args:
        photos: as they are, many with a mood of their own.
        masks: (B, 1, H, W) of the objects, which alone decide what is done.
        generator: draws how far each retouch goes.
    """
    strength = uniform(photos, 0.5, 1.0, generator)
    area = masks.sum((2, 3), keepdim=True).clamp_min(1)

    def mean_of(maps: Tensor) -> Tensor:
        return (maps * masks).sum((2, 3), keepdim=True) / area

    light = decode_srgb(photos)
    mean = mean_of(light)
    level = mean.mean(1, keepdim=True)
    balance = (level / mean.clamp_min(1e-3)).log2().clamp(-2, 2)
    exposure = (uniform(photos, *_GOOD_LEVEL, generator) / level.clamp_min(1e-3)).log2().clamp(-2.5, 4.5)
    stops = strength * (exposure + uniform(photos, 0.2, 0.9, generator) * balance)
    images = encode_srgb(soft_shoulder(light * torch.exp2(stops)))
    grey = images.mean(1, keepdim=True)
    middle = mean_of(grey)
    spread = mean_of((grey - middle) ** 2).sqrt()
    contrast = (uniform(photos, *_GOOD_SPREAD, generator) / spread.clamp_min(0.02)).log2().clamp(-0.7, 1.3)
    images = _contrast(images, middle, strength * contrast)
    grey = images.mean(1, keepdim=True)
    chroma = mean_of((images - grey).abs().mean(1, keepdim=True)).clamp_min(0.01)
    richer = (uniform(photos, *_GOOD_CHROMA, generator) / chroma).log2().clamp(-0.8, 0.8)
    return _saturation(images, strength * richer).nan_to_num(0.5).clamp(0, 1)
