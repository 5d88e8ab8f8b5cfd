"""Classical colour transfers between foreground and background, which the network weighs against one another.

A network that starts from nothing needs millions of samples to find them out; given them, it learns at once how far
to trust each. Every transfer is a gain and an offset for each channel of encoded sRGB.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

COUNT = 5
"""Number of transfers that ``colour_transfers`` gives."""

_DEVIATION_FLOOR = 0.05
_MEAN_FLOOR = 0.1
_MOST_GAIN = 2.0


@dataclass(frozen=True)
class Colours:
    """Means and deviations of the colours of foreground and background, each (B, 3), encoded sRGB in [0, 1].

    Attributes:
        mean: of the foreground.
        deviation: of the foreground.
        background_mean: of the background.
        background_deviation: of the background.
    """

    mean: Tensor
    deviation: Tensor
    background_mean: Tensor
    background_deviation: Tensor

    def described(self) -> Tensor:
        """(B, 12), each about -1 to 1: as input of a network."""
        means, deviations = (self.mean, self.background_mean), (self.deviation, self.background_deviation)
        return torch.cat([*(2 * mean - 1 for mean in means), *(4 * deviation - 1 for deviation in deviations)], dim=1)


def masked_mean(maps: Tensor, weights: Tensor) -> Tensor:
    """(B, C) mean of (B, C, h, w) maps weighted by (B, 1, h, w); 0 where all weights are 0."""
    return (maps * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(1e-3)


def colours_of(composite: Tensor, mask: Tensor) -> Colours:
    """Means and deviations of a composite (B, 3, H, W) under its mask (B, 1, H, W) and outside it."""
    statistics = []
    for weights in (mask, 1 - mask):
        mean = masked_mean(composite, weights)
        deviation = (masked_mean((composite - mean[..., None, None]) ** 2, weights) + 1e-6).sqrt()
        statistics += [mean, deviation]
    return Colours(*statistics)


def colour_transfers(colours: Colours, looked_up: Tensor) -> tuple[Tensor, Tensor]:
    """The transfers: to the background's mean and deviation, mean, and mean by gain; to like content's mean, likewise.

    Args:
        colours: of the composite.
        looked_up: (B, 3) mean over the foreground of the colours that SGF looked up, encoded sRGB.

    Returns:
        Gains less 1, and offsets, each (B, COUNT, 3): a foreground pixel p becomes p + (gain - 1) p + offset.
    """

    def limited(gain: Tensor) -> Tensor:
        return gain.clamp(1 / _MOST_GAIN, _MOST_GAIN)

    mean, zero = colours.mean, torch.zeros_like(colours.mean)
    spread = limited((colours.background_deviation + _DEVIATION_FLOOR) / (colours.deviation + _DEVIATION_FLOOR))
    gains = [spread, zero + 1]
    offsets = [colours.background_mean - spread * mean, colours.background_mean - mean]
    gains.append(limited((colours.background_mean + _MEAN_FLOOR) / (mean + _MEAN_FLOOR)))
    offsets.append(zero)
    gains += [zero + 1, limited((looked_up + _MEAN_FLOOR) / (mean + _MEAN_FLOOR))]
    offsets += [looked_up - mean, zero]
    return torch.stack(gains, dim=1) - 1, torch.stack(offsets, dim=1)
