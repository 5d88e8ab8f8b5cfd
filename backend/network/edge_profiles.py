"""What the pixels along the object's edge tell of its recolouring.

No mask is exact: it leaves a rim of the object outside, or takes a rim of the background along. Where the same thing is
seen on both sides of the mask's edge, once recoloured and once not, the change of colour can be read off. Rims are a
pixel or two wide, so they are read from the picture's own pixels where there are more than the network sees, along
lines across the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

OFFSETS = (-12.0, -8.0, -5.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 7.0, 12.0)
"""Places along a line in pixels from the first pixel outside the mask, outwards."""

LINES = 384
"""Lines across the edge of one object, in training."""

_CHANNELS = 5
PROFILE_CHANNELS = _CHANNELS * len(OFFSETS)
"""Of a profile: red, green, blue, mask, and whether the place lies in the picture, at each offset."""


def _chosen(edge: Tensor, lines: int) -> tuple[Tensor, Tensor]:
    """Numbers (B, lines) of evenly spaced pixels among those flagged in (B, n), and which objects (B,) have any."""
    running = edge.float().cumsum(1)
    total = running[:, -1:]
    wanted = (torch.arange(lines, device=edge.device) + 0.5) / lines * total
    return torch.searchsorted(running, wanted.contiguous()).clamp_max(edge.shape[1] - 1), total.squeeze(1) > 0


def _normals(masks: Tensor, numbers: Tensor) -> Tensor:
    """(B, L, 2) unit vectors x, y that point out of the object at the pixels (B, L) of masks (B, 1, H, W).

    They are slopes of the smoothed mask, of which only what lies around those pixels is ever computed.
    """
    _, _, height, width = masks.shape
    reach = torch.arange(-5, 6, device=masks.device)
    rows = (numbers // width).unsqueeze(2) + reach
    columns = (numbers % width).unsqueeze(2) + reach
    places = rows.clamp(0, height - 1).unsqueeze(3) * width + columns.clamp(0, width - 1).unsqueeze(2)
    patches = masks.flatten(1).gather(1, places.flatten(1)).reshape(places.shape)
    hat = (5 - reach.abs()).clamp_min(0).to(masks.dtype)  # two averages over five pixels
    slope = F.pad(hat, (0, 1))[1:] - F.pad(hat, (1, 0))[:-1]
    x = torch.einsum("blrc,r,c->bl", patches, hat, slope)
    y = torch.einsum("blrc,r,c->bl", patches, slope, hat)
    return F.normalize(torch.stack([x, y], dim=2), dim=2)


@dataclass(frozen=True)
class EdgeProfiles:
    """What lies along lines across the edges of some objects.

    Attributes:
        profiles: (B, PROFILE_CHANNELS, L) colours and mask from -1 to 1.
        present: (B,) which objects have an edge in the picture.
    """

    profiles: Tensor
    present: Tensor

    @property
    def colours(self) -> Tensor:
        """(B, 3, offsets, L) encoded sRGB in [0, 1]."""
        return (self._by_channel()[:, :3] + 1) / 2

    def recoloured(self, colours: Tensor) -> EdgeProfiles:
        """The same lines with other colours, given as ``colours`` gives them."""
        profiles = torch.cat([2 * colours - 1, self._by_channel()[:, 3:]], dim=1)
        return EdgeProfiles(profiles.flatten(1, 2), self.present)

    def _by_channel(self) -> Tensor:
        return self.profiles.reshape(len(self.profiles), _CHANNELS, len(OFFSETS), -1)

    def to(self, device: torch.device) -> EdgeProfiles:
        """The same on another device."""
        return EdgeProfiles(self.profiles.to(device), self.present.to(device))

    def expand(self, count: int) -> EdgeProfiles:
        """The same for ``count`` objects, where these are as many or one."""
        return EdgeProfiles(self.profiles.expand(count, -1, -1), self.present.expand(count))


@torch.no_grad()
def edge_profiles(composites: Tensor, masks: Tensor, lines: int = LINES) -> EdgeProfiles:
    """Colours along lines across the masks' edges.

    Args:
        composites: (B, 3, H, W) float32 encoded sRGB in [0, 1].
        masks: (B, 1, H, W) float32, 1 = foreground.
        lines: L, evenly spread over the edge.

    Returns:
        Of B objects; where one has no edge in the picture, its profile is that of the last pixel.
    """
    count, _, height, width = composites.shape
    inside = (masks > 0.5).float()
    edge = (F.max_pool2d(inside, 3, stride=1, padding=1) > inside).flatten(1)
    numbers, present = _chosen(edge, lines)
    places = torch.stack([numbers % width, numbers // width], dim=2).float() + 0.5
    normals = _normals(masks, numbers)
    offsets = torch.tensor(OFFSETS, device=composites.device).view(1, 1, -1, 1)
    size = torch.tensor([width, height], device=composites.device)
    grid = (places.unsqueeze(2) + normals.unsqueeze(2) * offsets) / size * 2 - 1  # (B, L, offsets, 2)
    colours, inside = (
        F.grid_sample(one, grid, mode="bilinear", padding_mode="border", align_corners=False) * 2 - 1
        for one in (composites, masks)
    )
    within = (grid.abs() <= 1).all(3).unsqueeze(1).to(colours.dtype)
    profiles = torch.cat([colours, inside, within], dim=1).permute(0, 1, 3, 2)
    return EdgeProfiles(profiles.reshape(count, PROFILE_CHANNELS, lines), present)
