"""ContentNet: the bundled extractor's network, a MobileNetV2 whose features survive recolouring (formula 2)."""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 16
DIMENSION = 64
_JOINED_CHANNELS = 96 + 320  # of MobileNetV2 at strides 16 and 32


class ContentNet(nn.Module):
    """Dense content features: MobileNetV2 at strides 16 and 32, joined at stride 16 and projected to 64 channels.

    Its batch norms keep their statistics also while it is trained, so that a photo's features never depend on
    the batch it came in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = timm.create_model(
            "mobilenetv2_100", pretrained=False, features_only=True, out_indices=(3, 4), pad_type="same"
        )
        self.project = nn.Conv2d(_JOINED_CHANNELS, DIMENSION, kernel_size=1)

    def joined(self, photos: Tensor) -> Tensor:
        """Return the backbone's features before projection: (B, 416, H / 16, W / 16) from photos as in ``forward``."""
        fine, coarse = self.backbone(photos)
        coarse = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        # Unit length per stage: the coarse stage's activations are several times the fine stage's.
        return torch.cat([F.normalize(fine, dim=1), F.normalize(coarse, dim=1)], dim=1)

    def forward(self, photos: Tensor) -> Tensor:
        """Content features of a batch.

        Args:
            photos: (B, 3, H, W) float32 in [-1, 1], encoded sRGB; H and W multiples of 16.

        Returns:
            (B, 64, H / 16, W / 16) float32, unit length over the channels.
        """
        return F.normalize(self.project(self.joined(photos)), dim=1)

    def train(self, mode: bool = True) -> ContentNet:
        """As in torch, but batch norms stay in evaluation mode."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self
