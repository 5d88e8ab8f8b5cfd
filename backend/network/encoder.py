"""The encoder that composite and references share: MobileNetV2 with the mask as a fourth input channel."""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

CHANNELS = (16, 24, 32, 96, 320)
"""Channels of the encoder's feature maps, at strides 2, 4, 8, 16 and 32."""


class Encoder(nn.Module):
    """Pictures to feature maps at five strides."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = timm.create_model(
            "mobilenetv2_100", pretrained=False, features_only=True, in_chans=4, pad_type="same"
        )

    def forward(self, pictures: Tensor, masks: Tensor) -> list[Tensor]:
        """Feature maps of a batch.

        Args:
            pictures: (B, 3, H, W) float32 encoded sRGB in [0, 1]; H and W multiples of 32.
            masks: (B, 1, H, W) float32, 1 = foreground; all 0 for references.

        Returns:
            Five maps (B, C, H / s, W / s), strides s 2 to 32.
        """
        maps: list[Tensor] = self.backbone(torch.cat([pictures, masks], dim=1) * 2 - 1)
        return maps
