"""Masks as users draw them, and objects cut out as users cut them, on tensors (B, 1, H, W) in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def _drawn(like: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """(B, 1, 1, 1) float: 1 for the given share of the samples."""
    return (torch.rand(len(like), 1, 1, 1, generator=generator) < share).float()


def _blurred(maps: Tensor, radius: int) -> Tensor:
    for _ in range(2):
        maps = F.avg_pool2d(maps, 2 * radius + 1, stride=1, padding=radius, count_include_pad=False)
    return maps


def _grown(masks: Tensor, radius: int) -> Tensor:
    return F.max_pool2d(masks, 2 * radius + 1, stride=1, padding=radius)


def degrade_masks(masks: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Makes a share of the masks soft, and a pixel too large or too small, or feathered more widely."""
    kind = torch.randint(4, (len(masks), 1, 1, 1), generator=generator)
    larger, smaller = _grown(masks, 1), 1 - _grown(1 - masks, 1)
    changed = torch.where(kind == 0, _blurred(masks, 1), masks)
    changed = torch.where(kind == 1, _blurred(larger, 1), changed)
    changed = torch.where(kind == 2, _blurred(smaller, 1), changed)
    changed = torch.where(kind == 3, _blurred(masks, 3), changed)
    # A mask so thin that nothing would be left of it stays.
    fits = (changed.amax((1, 2, 3), keepdim=True) > 0.6).float() * _drawn(masks, share, generator)
    return masks + fits * (changed - masks)


def cut_cleanly(photos: Tensor, masks: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Paints over the rim of the object outside its mask in a share of the photos (B, 3, H, W).

    An annotator's mask leaves some of the object outside, in its true colours, which tell how the object was recoloured.
    An object that a user cut out of another photo leaves no such rim: what is next to it is background.
    """
    reach = 4
    around = _grown(masks, reach)
    free = 1 - around
    filled, weight = _blurred(photos * free, 2 * reach), _blurred(free, 2 * reach)
    rim = (around - masks).clamp_min(0) * (weight > 1e-3) * _drawn(masks, share, generator)
    return photos + rim * (filled / weight.clamp_min(1e-3) - photos)
