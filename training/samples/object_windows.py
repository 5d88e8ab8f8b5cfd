"""Random windows around objects, as the pipeline cuts one around the user's object."""

from __future__ import annotations

import torch
from torch import Tensor

from raiha.training.data.windows import Windows


def windows_around(boxes: Tensor, sizes: Tensor, closest: float, widest: float, generator: torch.Generator) -> Windows:
    """Windows that hold the objects' boxes, about square where the photo allows it, half of them mirrored.

    Args:
        boxes: (B, 4) float32 top, left, bottom, right as shares of the photo.
        sizes: (B, 2) height and width of the photos in pixels.
        closest: least side of a window as a multiple of the object's longer side, at least 1.
        widest: most of the same.
        generator: of the draw.
    """
    count = len(boxes)
    spans = boxes[:, 2:] - boxes[:, :2]
    factor = closest * (widest / closest) ** torch.rand(count, 1, generator=generator)
    side = (spans * sizes).amax(1, keepdim=True) * factor
    stretch = torch.exp(torch.randn(count, 2, generator=generator) * 0.08)
    extents = torch.maximum((side * stretch / sizes).clamp(max=1), spans)
    room = torch.rand(count, 2, generator=generator) * (extents - spans)
    low = torch.minimum((boxes[:, :2] - room).clamp(min=0), 1 - extents)
    return Windows(low + extents / 2, extents, torch.rand(count, generator=generator) < 0.5)
