"""The encoder that composite and references share: MobileNetV2, whose second half sees the composite's mask."""

from __future__ import annotations

import timm
from torch import Tensor, nn

from raiha.gallery_tools.extractors.folding import fold_batch_norms

CHANNELS = (32, 96, 320)
"""Channels of the encoder's feature maps, at strides 8, 16 and 32."""

_EARLY, _MIDDLE = 5, 7  # layers that end at strides 8 and 16


def unfolded_backbone() -> nn.Module:
    """Return the backbone with its batch norms, for which ImageNet weights exist."""
    return timm.create_model("mobilenetv2_100", pretrained=False, features_only=True, pad_type="same")


def folded_layers(backbone: nn.Module) -> list[nn.Module]:
    """Return the backbone's layers in order, its batch norms folded: stem, its activation, and seven blocks.

    Args:
        backbone: made by ``unfolded_backbone``, in evaluation mode; its convolutions are changed in place.
    """
    fold_batch_norms(backbone)
    parts = dict(backbone.named_children())
    return [parts["conv_stem"], parts["bn1"], *parts["blocks"].children()]


class Encoder(nn.Module):
    """Pictures to feature maps at three strides.

    Batch norms are folded: small batches of crops around objects have unusual statistics, and a network trained with
    those behaves differently when it runs on stored ones.
    """

    def __init__(self) -> None:
        super().__init__()
        layers = folded_layers(unfolded_backbone().eval())
        self.early = nn.Sequential(*layers[:_EARLY])
        self.middle = nn.Sequential(*layers[_EARLY:_MIDDLE])
        self.late = nn.Sequential(*layers[_MIDDLE:])
        self.mark = nn.Conv2d(1, CHANNELS[0], kernel_size=8, stride=8)
        self.requires_grad_(True)  # folded weights come without gradients
        nn.init.zeros_(self.mark.weight)
        nn.init.zeros_(self.mark.bias)  # type: ignore[arg-type]

    def freeze_early(self, frozen: bool) -> None:
        """Exclude the layers up to stride 8 from training, which makes it a third faster, or include them again."""
        self.early.requires_grad_(not frozen)

    def forward(self, pictures: Tensor, masks: Tensor | None = None) -> list[Tensor]:
        """Encode a batch of pictures.

        Args:
            pictures: (B, 3, H, W) float32 encoded sRGB in [0, 1]; H and W multiples of 32.
            masks: (B, 1, H, W) float32, 1 = foreground; None for references.

        Returns:
            Three maps (B, C, H / s, W / s), strides s 8, 16 and 32.
        """
        first: Tensor = self.early(pictures * 2 - 1)  # (B, 32, H / 8, W / 8)
        if masks is not None:
            first = first + self.mark(masks)
        second = self.middle(first)  # (B, 96, H / 16, W / 16)
        return [first, second, self.late(second)]
