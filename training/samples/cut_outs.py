"""Objects cut out and pasted: no rim of theirs outside the mask, none of the background inside, at times a fringe.

The tensor counterpart of ``raiha.training.evaluation.paste_twins``, with widths that vary as pictures' sizes do.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.training.samples.random_draws import uniform

_WIDTHS = (1, 2), (2, 4), (3, 6)  # pixels taken from the object and from its surroundings along the edge
_LEAST_PIXELS = 40.0, 400.0  # of object and of known background that must remain
_GRAIN = 0.008  # standard deviation over the background that is made up
_FRINGE_SHARE = 0.2


class CutOuts(NamedTuple):
    """Pasted cut-outs.

    Attributes:
        backgrounds: (B, 3, H, W) the scenes, continued where the objects and their rims were.
        alphas: (B, 1, H, W) soft masks of the objects.
        fringes: (B, 1, H, W) share of a pixel that is a fringe of another photo, outside the object.
        fits: (B,) bool, whether enough of object and background remained.
    """

    backgrounds: Tensor
    alphas: Tensor
    fringes: Tensor
    fits: Tensor


def _grown(masks: Tensor, radius: int) -> Tensor:
    """Grown by ``radius`` pixels to each side, along rows and columns in turn, which is faster."""
    size = 2 * radius + 1
    across = F.max_pool2d(masks, (1, size), stride=1, padding=(0, radius))
    return F.max_pool2d(across, (size, 1), stride=1, padding=(radius, 0))


def _softened(masks: Tensor) -> Tensor:
    """Blurred by a binomial kernel of three pixels, about a Gaussian of 0.7 pixels."""
    kernel = torch.tensor([0.25, 0.5, 0.25], device=masks.device)
    across = F.conv2d(F.pad(masks, (1, 1, 0, 0), mode="replicate"), kernel.view(1, 1, 1, 3))
    return F.conv2d(F.pad(across, (0, 0, 1, 1), mode="replicate"), kernel.view(1, 1, 3, 1))


def continue_smoothly(pictures: Tensor, known: Tensor) -> Tensor:
    """Fill what is not known from coarse to fine: averages go down a pyramid, fillings up.

    Args:
        pictures: (B, C, H, W), H and W multiples of 16.
        known: (B, 1, H, W) 1 where the picture is known.

    Returns:
        (B, C, H, W), the picture's own where it is known.
    """
    levels = [(pictures * known, known)]
    while levels[-1][0].shape[-1] > 4 and levels[-1][0].shape[-1] % 2 == 0:
        sums, weights = levels[-1]
        levels.append((F.avg_pool2d(sums, 2), F.avg_pool2d(weights, 2)))
    sums, weights = levels[-1]
    everywhere = sums.sum((2, 3), keepdim=True) / weights.sum((2, 3), keepdim=True).clamp_min(1e-4)
    filled = torch.where(weights > 0, sums / weights.clamp_min(1e-4), everywhere)
    for sums, weights in reversed(levels[:-1]):
        coarse = F.interpolate(filled, size=sums.shape[-2:], mode="bilinear")
        trust = (4 * weights).clamp(0, 1)
        filled = trust * sums / weights.clamp_min(1e-4) + (1 - trust) * coarse
    return torch.where(known > 0.5, pictures, filled)


def cut_out(photos: Tensor, masks: Tensor, generator: torch.Generator) -> CutOuts:
    """Cut objects out of their photos (B, 3, H, W) and continue what is behind them."""
    hard = (masks > 0.5).float()
    width = torch.randint(len(_WIDTHS), (), generator=generator, device=generator.device)  # of the whole batch
    inside, outside = _WIDTHS[int(width)]
    inner, free = 1 - _grown(1 - hard, inside), 1 - _grown(hard, outside)
    fits = (inner.sum((1, 2, 3)) > _LEAST_PIXELS[0]) & (free.sum((1, 2, 3)) > _LEAST_PIXELS[1])
    noise = torch.randn(masks.shape, generator=generator, device=generator.device).to(photos.device)
    made_up = (continue_smoothly(photos, free) + _GRAIN * noise).clamp(0, 1)
    backgrounds = torch.where(free > 0.5, photos, made_up)
    alphas = _softened(inner)
    ring = _grown(inner, min(inside, 2)) - inner
    fringes = _softened(ring) * (1 - alphas) * (uniform(photos, 0, 1, generator) < _FRINGE_SHARE)
    return CutOuts(backgrounds, alphas, fringes, fits)


def paste(objects: Tensor, cut: CutOuts) -> Tensor:
    """(B, 3, H, W) objects laid over the cut-outs' backgrounds."""
    return cut.backgrounds + cut.alphas * (objects - cut.backgrounds)
