"""Colours along lines across the object's edge, from which its recolouring can be read.

No mask is exact: it leaves a rim of the object outside or takes in a rim of the background. Where the same surface
appears on both sides of the mask's edge, recoloured on one side only, the change of colour can be measured. Rims are a
pixel or two wide, so lines across the edge are sampled from the picture's own pixels, not from the network's crop.
Here for batches, in training; ``edge_lines`` does the same for a single request without torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_lines import CHANNELS, OFFSETS, PROFILE_CHANNELS

LINES = 384
"""Lines across the edge of one object, in training."""


def _chosen(edge: Tensor, lines: int) -> tuple[Tensor, Tensor]:
    """Choose evenly spaced pixels among those flagged in (B, n).

    Returns:
        Their indices (B, lines), and which objects (B,) have any.
    """
    running = edge.float().cumsum(1)  # (B, n)
    total = running[:, -1:]  # (B, 1)
    wanted = (torch.arange(lines, device=edge.device) + 0.5) / lines * total  # (B, lines)
    return torch.searchsorted(running, wanted.contiguous()).clamp_max(edge.shape[1] - 1), total.squeeze(1) > 0


def _normals(masks: Tensor, indices: Tensor) -> Tensor:
    """Return unit vectors x, y that point out of the object: slopes of the smoothed mask, computed where needed.

    Args:
        masks: (B, 1, H, W).
        indices: (B, L) of pixels at the edge.

    Returns:
        (B, L, 2).
    """
    _, _, height, width = masks.shape
    reach = torch.arange(-5, 6, device=masks.device)  # (11,)
    rows = (indices // width).unsqueeze(2) + reach  # (B, L, 11)
    columns = (indices % width).unsqueeze(2) + reach  # (B, L, 11)
    places = rows.clamp(0, height - 1).unsqueeze(3) * width + columns.clamp(0, width - 1).unsqueeze(2)
    patches = masks.flatten(1).gather(1, places.flatten(1)).reshape(places.shape)  # (B, L, 11, 11)
    hat = (5 - reach.abs()).clamp_min(0).to(masks.dtype)  # (11,), two averages over five pixels
    slope = F.pad(hat, (0, 1))[1:] - F.pad(hat, (1, 0))[:-1]  # (11,)
    x = torch.einsum("blrc,r,c->bl", patches, hat, slope)  # (B, L)
    y = torch.einsum("blrc,r,c->bl", patches, slope, hat)  # (B, L)
    return F.normalize(torch.stack([x, y], dim=2), dim=2)


@dataclass(frozen=True)
class EdgeProfiles:
    """Samples along lines across the edges of B objects.

    Attributes:
        profiles: (B, PROFILE_CHANNELS, L) colours and mask from -1 to 1.
        present: (B,) which objects have an edge in the picture.
    """

    profiles: Tensor
    present: Tensor

    @property
    def colours(self) -> Tensor:
        """The colours, (B, 3, offsets, L) encoded sRGB in [0, 1]."""
        return (self._by_channel()[:, :3] + 1) / 2

    def recoloured(self, colours: Tensor) -> EdgeProfiles:
        """Return the same lines with other colours (B, 3, offsets, L)."""
        profiles = torch.cat([2 * colours - 1, self._by_channel()[:, 3:]], dim=1)  # (B, 5, offsets, L)
        return EdgeProfiles(profiles.flatten(1, 2), self.present)

    def _by_channel(self) -> Tensor:
        """Return the profiles as (B, 5, offsets, L)."""
        return self.profiles.reshape(len(self.profiles), CHANNELS, len(OFFSETS), -1)

    def to(self, device: torch.device) -> EdgeProfiles:
        """Return the profiles on another device."""
        return EdgeProfiles(self.profiles.to(device), self.present.to(device))

    def hidden(self) -> EdgeProfiles:
        """Return the same with no object's edge present: the network is to do without."""
        return EdgeProfiles(self.profiles, torch.zeros_like(self.present))

    def expand(self, count: int) -> EdgeProfiles:
        """Return the profiles for ``count`` objects; there must be that many, or a single object."""
        return EdgeProfiles(self.profiles.expand(count, -1, -1), self.present.expand(count))


@torch.no_grad()
def edge_profiles(composites: Tensor, masks: Tensor, lines: int = LINES) -> EdgeProfiles:
    """Sample colours and masks along lines across the masks' edges.

    Args:
        composites: (B, 3, H, W) float32 encoded sRGB in [0, 1].
        masks: (B, 1, H, W) float32, 1 = foreground.
        lines: L, evenly spread over the edge.

    Returns:
        Profiles of B objects; an object without an edge in the picture has those of the first pixel.
    """
    count, _, height, width = composites.shape
    inside = (masks > 0.5).float()  # (B, 1, H, W)
    edge = (F.max_pool2d(inside, 3, stride=1, padding=1) > inside).flatten(1)  # (B, H W)
    indices, present = _chosen(edge, lines)  # (B, L), (B,)
    places = torch.stack([indices % width, indices // width], dim=2).float() + 0.5  # (B, L, 2)
    normals = _normals(masks, indices)  # (B, L, 2)
    offsets = torch.tensor(OFFSETS, device=composites.device).view(1, 1, -1, 1)
    size = torch.tensor([width, height], device=composites.device)
    grid = (places.unsqueeze(2) + normals.unsqueeze(2) * offsets) / size * 2 - 1  # (B, L, offsets, 2)
    colours, inside = (
        F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False) * 2 - 1
        for maps in (composites, masks)
    )  # (B, 3, L, offsets), (B, 1, L, offsets)
    within = (grid.abs() <= 1).all(3).unsqueeze(1).to(colours.dtype)  # (B, 1, L, offsets)
    profiles = torch.cat([colours, inside, within], dim=1).permute(0, 1, 3, 2)  # (B, 5, offsets, L)
    return EdgeProfiles(profiles.reshape(count, PROFILE_CHANNELS, lines), present)
