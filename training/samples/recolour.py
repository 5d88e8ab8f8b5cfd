"""Recolouring: makes composites out of real photos, by iHarmony4's own recipes, batched on any device.

Photos are (B, 3, H, W) float32 encoded sRGB in [0, 1]; masks (B, 1, H, W) in [0, 1]. Every recipe returns a
whole recoloured photo, not clipped; ``recolour_objects`` draws its difficulty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.training.samples.colour_spaces import (
    decode_srgb,
    encode_srgb,
    hue_rotation,
    lab_to_srgb,
    mix_channels,
    srgb_to_lab,
)
from raiha.training.samples.random_draws import normal, uniform

_QUANTILES = 33
_SAMPLED_PIXELS = 1024

# iHarmony4's composites have a mean fMSE of 1376 (published, whole test list). Recolouring is strengthened within
# limits only, so that a log-normal with this median and spread comes out with about that mean.
_FMSE_MEDIAN = 835.0
_FMSE_LOG_SPREAD = 1.2
_EASY_FMSE = 3.0, 200.0  # from what nobody sees to what one must look for
_MOST_STRENGTHENED = 1.5


@dataclass(frozen=True)
class Source:
    """Where a colour transfer takes its colours from: photos of the same shape, and masks over them."""

    photos: Tensor
    masks: Tensor


Recipe = Callable[[Tensor, Tensor, Source, torch.Generator], Tensor]


def _moments(images: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (B, 3) and covariance (B, 3, 3) of the masked pixels."""
    weights = (masks / masks.sum((2, 3), keepdim=True).clamp_min(1e-6)).flatten(2)
    pixels = images.flatten(2)
    mean = (pixels * weights).sum(2)
    centred = pixels - mean.unsqueeze(2)
    return mean, (centred * weights) @ centred.transpose(1, 2)


def transfer_lab(photos: Tensor, masks: Tensor, source: Source, _: torch.Generator) -> Tensor:
    """Global colour transfer in Lab: means and deviations of the channels (Reinhard et al. 2001)."""
    lab, source_lab = srgb_to_lab(photos), srgb_to_lab(source.photos)
    mean, covariance = _moments(lab, masks)
    source_mean, source_covariance = _moments(source_lab, source.masks)
    variances = covariance.diagonal(dim1=1, dim2=2), source_covariance.diagonal(dim1=1, dim2=2)
    ratio = ((variances[1] + 1) / (variances[0] + 1)).sqrt().clamp(0.4, 2.5)
    return lab_to_srgb((lab - mean[..., None, None]) * ratio[..., None, None] + source_mean[..., None, None])


def _square_root(symmetric: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    root: Tensor = vectors @ torch.diag_embed(values.clamp_min(1e-8).sqrt()) @ vectors.transpose(1, 2)
    return root


def transfer_covariance(photos: Tensor, masks: Tensor, source: Source, _: torch.Generator) -> Tensor:
    """Global colour transfer in RGB: mean and covariance, by the Monge-Kantorovich map (Pitie and Kokaram 2007)."""
    mean, covariance = _moments(photos, masks)
    source_mean, source_covariance = _moments(source.photos, source.masks)
    floor = 4e-4 * torch.eye(3, device=photos.device)
    root = _square_root(covariance + floor)
    inverse = torch.linalg.inv(root)
    matrix = inverse @ _square_root(root @ (source_covariance + floor) @ root) @ inverse
    return mix_channels(photos - mean[..., None, None], matrix) + source_mean[..., None, None]


def _sample_pixels(images: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
    """(B, C, n) values of random masked pixels."""
    weights = (masks.flatten(1) + 1e-6).to(generator.device)
    picks = torch.multinomial(weights, _SAMPLED_PIXELS, replacement=True, generator=generator).to(images.device)
    return images.flatten(2).gather(2, picks.unsqueeze(1).expand(-1, images.shape[1], -1))


def _quantiles(values: Tensor) -> Tensor:
    """(B, C, 33) evenly spaced quantiles of (B, C, n) values."""
    positions = torch.linspace(0, values.shape[2] - 1, _QUANTILES, device=values.device).long()
    return values.sort(dim=2).values[..., positions]


def _map_quantiles(images: Tensor, knots: Tensor, targets: Tensor) -> Tensor:
    """Piecewise linear curve through (knots, targets), both (B, C, 33), applied to each channel (B, C, H, W)."""
    steps = torch.linspace(0, 1e-4, _QUANTILES, device=images.device)  # equal knots would divide by nothing
    knots, values = knots + steps, images.flatten(2).contiguous()
    right = torch.searchsorted(knots.contiguous(), values).clamp(1, _QUANTILES - 1)
    x0, x1 = knots.gather(2, right - 1), knots.gather(2, right)
    y0, y1 = targets.gather(2, right - 1), targets.gather(2, right)
    fraction = ((values - x0) / (x1 - x0)).clamp(-0.5, 1.5)
    return (y0 + fraction * (y1 - y0)).view_as(images)


def transfer_histogram(photos: Tensor, masks: Tensor, source: Source, generator: torch.Generator) -> Tensor:
    """Match the cumulative histogram of each channel (Fecker et al. 2008)."""
    knots = _quantiles(_sample_pixels(photos, masks, generator))
    targets = _quantiles(_sample_pixels(source.photos, source.masks, generator))
    return _map_quantiles(photos, knots, targets)


def transfer_distribution(photos: Tensor, masks: Tensor, source: Source, generator: torch.Generator) -> Tensor:
    """Transfer the distribution iteratively: histogram matching along random rotations (Pitie et al. 2007)."""
    for _ in range(4):
        rotation, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, device=generator.device))
        rotation = rotation.to(photos.device)
        turned, turned_source = mix_channels(photos, rotation), mix_channels(source.photos, rotation)
        knots = _quantiles(_sample_pixels(turned, masks, generator))
        targets = _quantiles(_sample_pixels(turned_source, source.masks, generator))
        photos = mix_channels(_map_quantiles(turned, knots, targets), rotation.T)
    return photos


def retouch(photos: Tensor, masks: Tensor, source: Source, generator: torch.Generator) -> Tensor:
    """Photographic retouching: exposure and white balance in linear light, then tone, saturation, hue, split tone."""
    exposure = normal(photos, 1, generator, 0.7)
    balance = normal(photos, 3, generator, 0.22)
    light = decode_srgb(photos) * torch.exp2(exposure + balance - balance.mean(1, keepdim=True))
    images = encode_srgb(light)
    pivot = uniform(photos, 0.3, 0.6, generator)
    images = pivot + (images - pivot) * torch.exp2(normal(photos, 1, generator, 0.3))
    images = images.clamp(1e-4, 1.5) ** torch.exp2(normal(photos, 1, generator, 0.25))
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * torch.exp2(normal(photos, 1, generator, 0.35))
    images = mix_channels(images, hue_rotation(normal(photos, 1, generator, 0.08).flatten()))
    tint = normal(photos, 6, generator, 0.03)
    return images + tint[:, :3] * (1 - grey).clamp(0, 1) + tint[:, 3:] * grey.clamp(0, 1)


def flatten(photos: Tensor, generator: torch.Generator) -> Tensor:
    """Photos (B, 3, H, W) as a camera leaves them before anyone retouches them: darker, flatter, paler; in [0, 1]."""
    exposure = uniform(photos, -2.0, 0.1, generator)
    balance = normal(photos, 3, generator, 0.15)
    images = encode_srgb(decode_srgb(photos) * torch.exp2(exposure + balance - balance.mean(1, keepdim=True)))
    pivot = images.mean((1, 2, 3), keepdim=True)
    images = pivot + (images - pivot) * uniform(photos, 0.55, 1.0, generator)
    grey = images.mean(1, keepdim=True)
    return (grey + (images - grey) * uniform(photos, 0.5, 1.05, generator)).clamp(0, 1)


def make_vivid(photos: Tensor, generator: torch.Generator) -> Tensor:
    """Photos (B, 3, H, W) as those who show them retouch them: brighter, with more contrast and colour; in [0, 1]."""
    balance = normal(photos, 3, generator, 0.1)
    exposure = uniform(photos, -0.2, 0.6, generator)
    images = encode_srgb(decode_srgb(photos) * torch.exp2(exposure + balance - balance.mean(1, keepdim=True)))
    pivot = images.mean((1, 2, 3), keepdim=True)
    images = pivot + (images - pivot) * uniform(photos, 1.0, 1.4, generator)
    grey = images.mean(1, keepdim=True)
    return (grey + (images - grey) * uniform(photos, 1.0, 1.8, generator)).clamp(0, 1)


def film_recipe(table_file: Path) -> Recipe:
    """Return a recipe that applies random film looks.

    Args:
        table_file: .npz whose first array is (n, 17, 17, 17, 3) uint8, axes blue, green, red, values RGB.
    """
    with np.load(table_file) as archive:
        tables = torch.from_numpy(next(a for a in archive.values() if a.ndim == 5)).float() / 255
    volumes = tables.permute(0, 4, 1, 2, 3).contiguous()  # (n, RGB, blue, green, red): grid_sample's x is red

    def film(photos: Tensor, masks: Tensor, source: Source, generator: torch.Generator) -> Tensor:
        nonlocal volumes
        volumes = volumes.to(photos.device)  # stays there: they are megabytes
        picks = torch.randint(len(volumes), (len(photos),), generator=generator, device=generator.device)
        chosen = volumes[picks.to(photos.device)]
        grid = (photos.clamp(0, 1) * 2 - 1).permute(0, 2, 3, 1).unsqueeze(1)
        return F.grid_sample(chosen, grid, align_corners=True, padding_mode="border").squeeze(2)

    return film


def standard_recipes(table_file: Path | None) -> list[tuple[Recipe, float]]:
    """Return the recipes with their shares; film looks only when there is a table of them."""
    recipes: list[tuple[Recipe, float]] = [
        (transfer_lab, 0.16),
        (transfer_covariance, 0.16),
        (transfer_histogram, 0.16),
        (transfer_distribution, 0.16),
        (retouch, 0.26),
    ]
    return [*recipes, (film_recipe(table_file), 0.1)] if table_file else recipes


def looks(recipes: list[tuple[Recipe, float]]) -> list[tuple[Recipe, float]]:
    """Those of the recipes that need no other photo, so that a whole scene can be changed by them."""
    transfers = transfer_lab, transfer_covariance, transfer_histogram, transfer_distribution
    return [(recipe, share) for recipe, share in recipes if recipe not in transfers]


def recolour(
    photos: Tensor,
    masks: Tensor,
    source: Source,
    recipes: list[tuple[Recipe, float]],
    generator: torch.Generator,
) -> Tensor:
    """Each photo recoloured by a recipe drawn by its share; same shape, clipped to [0, 1]."""
    shares = torch.tensor([share for _, share in recipes], device=generator.device)
    drawn = torch.multinomial(shares, len(photos), replacement=True, generator=generator).to(photos.device)
    result = photos.clone()
    for number, (recipe, _) in enumerate(recipes):
        rows = torch.nonzero(drawn == number).flatten()
        if len(rows):
            picked = Source(source.photos[rows], source.masks[rows])
            result[rows] = recipe(photos[rows], masks[rows], picked, generator)
    return result.nan_to_num(0.5).clamp(0, 1)


def light_unevenly(photos: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return a share of the photos darker towards one side and brighter towards the other, as in light from there."""
    _, _, height, width = photos.shape
    y, x = (torch.linspace(-1, 1, size, device=photos.device) for size in (height, width))
    slope = normal(photos, 2, generator, 0.3)  # stops from the centre to the side, of encoded values
    chosen = uniform(photos, 0, 1, generator) < share
    factor = torch.exp2(slope[:, :1] * x + slope[:, 1:] * y.unsqueeze(1))
    return torch.where(chosen, photos * factor, photos)


def limit_difficulty(
    photos: Tensor, recoloured: Tensor, masks: Tensor, generator: torch.Generator, easy_share: float = 0.0
) -> Tensor:
    """Draws each sample's fMSE and weakens, or strengthens a bit, its recolouring to that.

    It comes from iHarmony4's spread, for ``easy_share`` of the samples from that of objects which fit in already: they
    teach to leave well alone.
    """
    area = masks.sum((1, 2, 3)).clamp_min(1) * 3
    fmse = (((recoloured - photos) * 255) ** 2 * masks).sum((1, 2, 3)) / area
    usual = _FMSE_MEDIAN * torch.exp(normal(photos, 1, generator, _FMSE_LOG_SPREAD)).flatten()
    least, most = (math.log(end) for end in _EASY_FMSE)
    easy = torch.exp(uniform(photos, least, most, generator)).flatten()
    wanted = torch.where(uniform(photos, 0, 1, generator).flatten() < easy_share, easy, usual)
    share = (wanted / fmse.clamp_min(1e-3)).sqrt().clamp(max=_MOST_STRENGTHENED).view(-1, 1, 1, 1)
    return photos + share * (recoloured - photos)


def recolour_objects(
    photos: Tensor,
    masks: Tensor,
    source: Source,
    recipes: list[tuple[Recipe, float]],
    generator: torch.Generator,
    easy_share: float = 0.0,
) -> Tensor:
    """Photos (B, 3, H, W) recoloured at a difficulty that is drawn as ``limit_difficulty`` says; in [0, 1]."""
    recoloured = recolour(photos, masks, source, recipes, generator)
    return limit_difficulty(photos, recoloured, masks, generator, easy_share).clamp(0, 1)
