"""Semantic-guided fusion (SGF): foreground features look up similar content in background and references."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Fused(NamedTuple):
    """Features after SGF.

    Attributes:
        modulated: (B, C, h, w) e' of formula 10.
        looked_up: (B, C, h, w) e_w of formula 9.
    """

    modulated: Tensor
    looked_up: Tensor


def _as_sequence(maps: Tensor) -> Tensor:
    """Return (B, C, h, w) as (B, h * w, C)."""
    return maps.flatten(2).transpose(1, 2)


def _joined(features: Tensor, content: Tensor) -> Tensor:
    """Concatenate features (B, C, h, w) and content (B, D, h, w) as formula 8 does, to (B, h * w, C + D)."""
    # Unit-length content over 64 channels is small beside features of unit variance: bring both to the same scale.
    return _as_sequence(torch.cat([features, content * content.shape[1] ** 0.5], dim=1))


class SemanticGuidedFusion(nn.Module):
    """Formulas 7 to 10.

    Queries come from the composite, keys and values from its background patches and from all references side by side
    (formula 7). Content features take part in queries and keys (formula 8), not in what is looked up (formula 9). The
    mask's share of foreground reduces a patch's weight; where neither background nor references have similar content,
    attention falls on a learned vector.

    Args:
        channels: C, of the features e.
        content_channels: D, of the content features c.
        attention_channels: A, of queries and keys.
    """

    def __init__(self, channels: int, content_channels: int, attention_channels: int = 64) -> None:
        super().__init__()
        self.query = nn.Linear(channels + content_channels, attention_channels)
        self.key = nn.Linear(channels + content_channels, attention_channels)
        self._begin_with_content(channels)
        self.nothing_key = nn.Parameter(torch.zeros(1, 1, attention_channels))
        self.nothing_value = nn.Parameter(torch.zeros(1, 1, channels))
        self.output = nn.Conv2d(2 * channels, channels, kernel_size=1)

    @torch.no_grad()
    def _begin_with_content(self, channels: int) -> None:
        """Make untrained attention a softmax over the cosine of content features; training adds the rest."""
        for layer in (self.query, self.key):
            layer.weight.mul_(0.1)
            layer.weight[:, channels:] = 1.2 * torch.eye(layer.out_features, layer.in_features - channels)
            layer.bias.zero_()

    def forward(
        self,
        features: Tensor,
        content: Tensor,
        mask: Tensor,
        reference_features: Tensor | None = None,
        reference_content: Tensor | None = None,
    ) -> Fused:
        """Modulate features by how similar content looks elsewhere.

        Args:
            features: (B, C, h, w) e of the composite.
            content: (B, D, h, w) c of the composite, unit length.
            mask: (B, 1, h, w) share of foreground in each patch, 0 to 1.
            reference_features: (B, K, C, h, w), or None in the non-reference setting.
            reference_content: (B, K, D, h, w), or None.
        """
        count = len(features)
        own = _joined(features, content)  # (B, h w, C + D), formula 8
        keys = [self.nothing_key.expand(count, -1, -1), self.key(own)]  # (B, 1, A), (B, h w, A)
        values = [self.nothing_value.expand(count, -1, -1), _as_sequence(features)]  # (B, 1, C), (B, h w, C)
        free = (1 - mask).flatten(1).clamp_min(1e-4).log()  # (B, h w)
        bias = [torch.zeros(count, 1, device=free.device, dtype=free.dtype), free]
        if reference_features is not None and reference_content is not None:  # formula 7
            joined = _joined(reference_features.flatten(0, 1), reference_content.flatten(0, 1))  # (B K, h w, C + D)
            keys.append(self.key(joined).reshape(count, -1, self.nothing_key.shape[2]))  # (B, K h w, A)
            values.append(_as_sequence(reference_features.flatten(0, 1)).reshape(count, -1, features.shape[1]))
            bias.append(torch.zeros(count, keys[-1].shape[1], device=free.device, dtype=free.dtype))  # (B, K h w)
        query, key, value = (part.unsqueeze(1) for part in (self.query(own), torch.cat(keys, 1), torch.cat(values, 1)))
        weight = torch.cat(bias, 1)[:, None, None]  # (B, 1, 1, keys)
        looked_up = F.scaled_dot_product_attention(query, key, value, attn_mask=weight)  # (B, 1, h w, C), formula 9
        looked_up = looked_up.squeeze(1).transpose(1, 2).reshape(features.shape)  # (B, C, h, w)
        modulated: Tensor = self.output(torch.cat([features, looked_up], dim=1))  # (B, C, h, w)
        return Fused(features + modulated, looked_up)  # formula 10
