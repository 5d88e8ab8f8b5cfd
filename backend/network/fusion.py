"""Semantic-guided fusion (SGF): foreground features look up like content in background and references."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _as_sequence(maps: Tensor) -> Tensor:
    """(B, C, h, w) to (B, h * w, C)."""
    return maps.flatten(2).transpose(1, 2)


class SemanticGuidedFusion(nn.Module):
    """Formulas 7 to 10.

    Queries come from the composite, keys and values from its background patches and from all references side by
    side. Content features take part in queries and keys (formula 8), not in what is looked up (formula 9). A
    patch counts as background as far as the mask leaves it free; when neither background nor references have
    anything to offer, attention falls on a learned vector.

    Args:
        channels: of the features e.
        content_channels: of the content features c.
        attention_channels: of queries and keys.
        semantic: whether content features guide the attention; False is the paper's ablation "without SGF"
            (formula 7).
    """

    def __init__(
        self, channels: int, content_channels: int, attention_channels: int = 64, *, semantic: bool = True
    ) -> None:
        super().__init__()
        self.semantic = semantic
        joined = channels + (content_channels if semantic else 0)
        self.query = nn.Linear(joined, attention_channels)
        self.key = nn.Linear(joined, attention_channels)
        if semantic:
            self._begin_with_content(channels)
        self.nothing_key = nn.Parameter(torch.zeros(1, 1, attention_channels))
        self.nothing_value = nn.Parameter(torch.zeros(1, 1, channels))
        self.output = nn.Conv2d(2 * channels, channels, kernel_size=1)

    @torch.no_grad()
    def _begin_with_content(self, channels: int) -> None:
        """Before training, attention is a softmax over the cosine of content features; training adds the rest."""
        for layer in (self.query, self.key):
            layer.weight.mul_(0.1)
            layer.weight[:, channels:] = 1.2 * torch.eye(layer.out_features, layer.in_features - channels)
            layer.bias.zero_()

    def _joined(self, features: Tensor, content: Tensor) -> Tensor:
        """Formula 8's concatenation over channels, as a sequence."""
        if not self.semantic:
            return _as_sequence(features)
        # Unit-length content over 64 channels is small beside features of unit variance; make their scales alike.
        return _as_sequence(torch.cat([features, content * content.shape[1] ** 0.5], dim=1))

    def forward(
        self,
        features: Tensor,
        content: Tensor,
        mask: Tensor,
        reference_features: Tensor | None = None,
        reference_content: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Foreground features modulated by what like content looks like elsewhere.

        Args:
            features: (B, C, h, w) of the composite.
            content: (B, D, h, w) unit length.
            mask: (B, 1, h, w) share of foreground in each patch, 0 to 1.
            reference_features: (B, K, C, h, w), or None in the non-reference setting.
            reference_content: (B, K, D, h, w), or None.

        Returns:
            The modulated features e' and the looked-up ones e_w, each (B, C, h, w).
        """
        count = len(features)
        own = self._joined(features, content)
        keys = [self.nothing_key.expand(count, -1, -1), self.key(own)]
        values = [self.nothing_value.expand(count, -1, -1), _as_sequence(features)]
        free = (1 - mask).flatten(1).clamp_min(1e-4).log()
        bias = [torch.zeros(count, 1, device=free.device, dtype=free.dtype), free]
        if reference_features is not None and reference_content is not None:
            joined = self._joined(reference_features.flatten(0, 1), reference_content.flatten(0, 1))
            keys.append(self.key(joined).reshape(count, -1, self.nothing_key.shape[2]))
            values.append(_as_sequence(reference_features.flatten(0, 1)).reshape(count, -1, features.shape[1]))
            bias.append(torch.zeros(count, keys[-1].shape[1], device=free.device, dtype=free.dtype))
        looked_up = F.scaled_dot_product_attention(  # formula 9
            self.query(own), torch.cat(keys, 1), torch.cat(values, 1), attn_mask=torch.cat(bias, 1).unsqueeze(1)
        )
        looked_up = looked_up.transpose(1, 2).reshape(features.shape)
        modulated: Tensor = self.output(torch.cat([features, looked_up], dim=1))  # formula 10
        return features + modulated, looked_up
