"""Random windows of packed photos, cut out and resized in one batched call."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Windows:
    """One rectangle per photo of a batch, as shares of the photo: centre, size and whether it is mirrored.

    Attributes:
        centres: (B, 2) y and x, 0 to 1.
        extents: (B, 2) height and width, 0 to 1.
        mirrored: (B,) bool.
    """

    centres: Tensor
    extents: Tensor
    mirrored: Tensor

    def to(self, device: torch.device) -> Windows:
        """Return the windows on another device."""
        return Windows(self.centres.to(device), self.extents.to(device), self.mirrored.to(device))

    def grid(self, occupied: Tensor, rows: int, columns: int) -> Tensor:
        """Return a sampling grid (B, rows, columns, 2) for ``grid_sample`` without aligned corners.

        Args:
            occupied: (B, 2) share of the square, in height and width, that the photo occupies from its corner.
            rows: of the result.
            columns: of the result.
        """
        spread = self.extents * torch.stack([torch.ones_like(self.mirrored), 1 - 2 * self.mirrored.float()], 1)
        steps_y = (torch.arange(rows, device=occupied.device) + 0.5) / rows - 0.5
        steps_x = (torch.arange(columns, device=occupied.device) + 0.5) / columns - 0.5
        y = (self.centres[:, :1] + spread[:, :1] * steps_y) * occupied[:, :1]
        x = (self.centres[:, 1:] + spread[:, 1:] * steps_x) * occupied[:, 1:]
        shape = (len(occupied), rows, columns)
        grid = torch.stack([x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)], dim=3)
        return grid * 2 - 1


def cut(images: Tensor, grid: Tensor) -> Tensor:
    """Sample images (B, C, S, S) bilinearly at a grid (B, H, W, 2); return (B, C, H, W) float32."""
    return F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)


def random_windows(count: int, low: float, high: float, generator: torch.Generator) -> Windows:
    """Draw windows anywhere in their photos, each side ``low`` to ``high`` of the photo's, half of them mirrored."""
    scale = torch.rand(count, 1, generator=generator) * (high - low) + low
    stretch = torch.exp(torch.randn(count, 2, generator=generator) * 0.1)
    extents = (scale * stretch).clamp(max=1)
    centres = extents / 2 + torch.rand(count, 2, generator=generator) * (1 - extents)
    return Windows(centres, extents, torch.rand(count, generator=generator) < 0.5)
