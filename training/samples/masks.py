"""Masks as users draw them, on tensors (B, 1, H, W) in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.training.samples.random_draws import some_rows, uniform

_WIDELY_FADED = 0.4  # share of those that fade out


def _blurred(maps: Tensor, radius: int) -> Tensor:
    """Averages over squares, twice, which is nearly a Gaussian; along one side at a time, which is faster."""
    size = 2 * radius + 1
    for _ in range(2):
        maps = F.avg_pool2d(maps, (size, 1), stride=1, padding=(radius, 0), count_include_pad=False)
        maps = F.avg_pool2d(maps, (1, size), stride=1, padding=(0, radius), count_include_pad=False)
    return maps


def _grown(masks: Tensor, radius: int) -> Tensor:
    return F.max_pool2d(masks, 2 * radius + 1, stride=1, padding=radius)


def harden_masks(masks: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Cuts a share of the masks to 0 and 1.

    A photo that was enlarged to the window is smooth, as a full-size photo is from pixel to pixel, but a full-size mask
    is not: it cuts through an edge that is several pixels wide.
    """
    rows = some_rows(masks, share, generator)
    return masks.index_copy(0, rows, (masks[rows] > 0.5).to(masks.dtype))


def degrade_masks(masks: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Make a share of the masks soft, and a pixel too large or too small, or feathered more widely."""
    rows = some_rows(masks, share, generator)
    if not len(rows):
        return masks
    chosen = masks[rows]
    kind = uniform(chosen, 0, 4, generator).long()
    changed = torch.where(kind == 1, _grown(chosen, 1), chosen)
    changed = torch.where(kind == 2, 1 - _grown(1 - chosen, 1), changed)
    changed = torch.where(kind == 3, _blurred(changed, 3), _blurred(changed, 1))
    fits = changed.amax((1, 2, 3), keepdim=True) > 0.6  # otherwise hardly anything would be left of it
    return masks.index_copy(0, rows, torch.where(fits, changed, chosen))


def fade_out(photos: Tensor, composites: Tensor, masks: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Lets the recolouring of a share of the composites (B, 3, H, W) fade out in the mask's outermost pixels.

    An object that was cut out with a smooth selection is mixed with what it covers along its edge. iHarmony4's are so,
    too, most of them in the outermost pixel, which is recoloured by 0.7 to 0.9, some over several.
    """
    rows = some_rows(photos, share, generator)
    if not len(rows):
        return composites
    inside = masks[rows]
    wide = uniform(inside, 0, 1, generator) < _WIDELY_FADED
    extent = uniform(inside, 0, 1, generator)
    smooth = torch.where(wide, _blurred(inside, 3), _blurred(inside, 1))
    kept = (1 + extent * (smooth - 1) * (inside > 0)).clamp(0, 1)
    return composites.index_copy(0, rows, photos[rows] + kept * (composites[rows] - photos[rows]))
