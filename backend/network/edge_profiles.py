"""What the pixels along the object's edge tell of its recolouring.

No mask is exact: it leaves a rim of the object outside, or takes a rim of the background along. Where the same thing is
seen on both sides of the mask's edge, once recoloured and once not, the change of colour can be read off. Rims are a
pixel or two wide, so they are read from the picture at full network resolution, along lines across the edge.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OFFSETS = (-8.0, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 7.0, 12.0)
"""Places along a line in pixels from the first pixel outside the mask, outwards."""

LINES = 384
"""Lines across the edge of one object."""

PROFILE_CHANNELS = 5 * len(OFFSETS)
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


@torch.no_grad()
def edge_profiles(composites: Tensor, masks: Tensor, lines: int = LINES) -> tuple[Tensor, Tensor]:
    """Colours along lines across the masks' edges.

    Args:
        composites: (B, 3, H, W) float32 encoded sRGB in [0, 1].
        masks: (B, 1, H, W) float32, 1 = foreground.
        lines: L, evenly spread over the edge.

    Returns:
        Profiles (B, PROFILE_CHANNELS, L), colours and mask from -1 to 1, and which objects (B,) have an edge in the
        picture; where they have none, the profile is that of the last pixel.
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
    return profiles.reshape(count, PROFILE_CHANNELS, lines), present


class EdgeReader(nn.Module):
    """Profiles across the edge to one vector: each line says what it saw, and how much that is worth.

    Args:
        channels: of what a line says; the vector has ``outputs`` numbers.
        heads: ways to weigh the lines against one another.
    """

    def __init__(self, channels: int = 96, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.outputs = 3 * channels
        self.lines = nn.Sequential(
            nn.Conv1d(PROFILE_CHANNELS, 2 * channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv1d(2 * channels, channels, 1),
            nn.ReLU(inplace=True),
        )
        self.worth = nn.Conv1d(channels, heads, 1)

    def forward(self, composites: Tensor, masks: Tensor) -> Tensor:
        """(B, outputs) for pictures and masks as ``edge_profiles`` takes them; 0 for objects without an edge."""
        profiles, present = edge_profiles(composites, masks)
        said = self.lines(profiles)
        weights = self.worth(said).softmax(2).unsqueeze(2)  # (B, heads, 1, L)
        parts = said.reshape(len(said), self.heads, -1, said.shape[2])
        weighed = (parts * weights).sum(3).flatten(1)
        spread = said.var(2, correction=0).add(1e-5).sqrt()
        return torch.cat([weighed, said.mean(2), spread], dim=1) * present.unsqueeze(1)
