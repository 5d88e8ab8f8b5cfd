"""The harmonization network: encoder, SGF, decoder, and a colour transform for every pixel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from backend.network.encoder import CHANNELS, Encoder
from backend.network.fusion import SemanticGuidedFusion
from backend.network.transfers import COUNT, Colours, colour_transfers, colours_of, masked_mean

IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The affine colour transform that changes nothing, row-major 3x4: rows R', G', B', columns R, G, B, 1."""


@dataclass(frozen=True)
class NetworkConfig:
    """What a checkpoint needs to know to build its network.

    Attributes:
        width: channels at the coarsest level of the decoder.
        content_channels: of the extractor that the network was trained with.
        extractor: name of that extractor.
        semantic: SGF with content features (formula 8) or without (formula 7).
        head: "affine": 3x4 colour transforms at half resolution; "dense": a colour offset for each pixel, the
            ablation's alternative.
    """

    width: int = 128
    content_channels: int = 64
    extractor: str = "bundled"
    semantic: bool = True
    head: Literal["affine", "dense"] = "affine"

    def as_dict(self) -> dict[str, str | int | bool]:
        """The fields, for JSON."""
        return asdict(self)


class _Block(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )


def _upsampled(maps: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)


class Harmonizer(nn.Module):
    """Predicts how the foreground's colours change, as coefficients that fit any resolution."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        width = config.width
        self.encoder = Encoder()
        self.reduce32 = _Block(CHANNELS[4], width)
        self.join16 = _Block(CHANNELS[3] + width, width)
        # A patch's mean colour is part of e, so that what is looked up tells how like content is coloured.
        self.fusion = SemanticGuidedFusion(width + 3, config.content_channels, semantic=config.semantic)
        self.scene = nn.Sequential(
            nn.Linear(2 * (width + 3) + 12, 2 * width), nn.ReLU(), nn.Linear(2 * width, width), nn.ReLU()
        )
        self.transfer_head = nn.Linear(width, 3 * COUNT)
        self.global_head = nn.Linear(width, 12 if config.head == "affine" else 3)
        self.join8 = _Block(2 * width + 3 + CHANNELS[2], width // 2)
        self.join4 = _Block(width // 2 + CHANNELS[1], width // 4)
        self.join2 = _Block(width // 4 + CHANNELS[0] + 4, width // 4)
        self.head = nn.Conv2d(width // 4, 12 if config.head == "affine" else 3, 1)
        for head in (self.transfer_head, self.global_head, self.head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def _bottleneck(self, pictures: Tensor, maps: list[Tensor]) -> Tensor:
        """The features e of formulas 6 to 10, (B, width + 3, H / 16, W / 16)."""
        joined = self.join16(torch.cat([maps[3], _upsampled(self.reduce32(maps[4]), maps[3])], dim=1))
        return torch.cat([joined, 2 * F.avg_pool2d(pictures, 16) - 1], dim=1)

    def _references(self, references: Tensor, contents: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Features and content (B, K, C, h, w) of references (B, K, 3, H, W) at the size of ``like``."""
        count, number = references.shape[:2]
        flat = references.flatten(0, 1)
        features = self._bottleneck(flat, self.encoder(flat, torch.zeros_like(flat[:, :1])))
        content = _upsampled(contents.flatten(0, 1), like)
        return features.reshape(count, number, *features.shape[1:]), content.reshape(count, number, *content.shape[1:])

    def _transfer(self, scene: Tensor, colours: Colours, looked_up: Tensor) -> Tensor:
        """(B, 12, 1, 1) sum of the classical transfers, each channel weighed by the scene."""
        weights = self.transfer_head(scene).view(-1, COUNT, 3)
        gains, offsets = ((weights * part).sum(1) for part in colour_transfers(colours, looked_up))
        return torch.cat([torch.diag_embed(gains), offsets.unsqueeze(2)], dim=2).flatten(1)[:, :, None, None]

    def forward(
        self,
        composite: Tensor,
        mask: Tensor,
        content: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
    ) -> Tensor:
        """Coefficients of the colour transform.

        Args:
            composite: (B, 3, H, W) float32 encoded sRGB in [0, 1]; H and W multiples of 32.
            mask: (B, 1, H, W) float32, 1 = foreground.
            content: (B, D, h', w') content features of the composite, any grid over the same window.
            references: (B, K, 3, H, W) encoded sRGB, or None in the non-reference setting.
            reference_contents: (B, K, D, h', w') content features of the references.

        Returns:
            (B, 12, H / 2, W / 2) affine transforms as ``IDENTITY`` orders them; for the dense head transforms
            whose matrix is the identity, (B, 12, H / 2, W / 2) too.
        """
        maps = self.encoder(composite, mask)
        features = self._bottleneck(composite, maps)
        small = F.avg_pool2d(mask, 16)
        extra = (
            (None, None)
            if references is None or reference_contents is None
            else self._references(references, reference_contents, features)
        )
        fused, looked_up = self.fusion(features, _upsampled(content, features), small, *extra)
        colours = colours_of(composite, mask)
        # What foreground and background are like as a whole, in features and in plain colours.
        described = [masked_mean(fused, small), masked_mean(features, 1 - small), colours.described()]
        scene = self.scene(torch.cat(described, dim=1))
        everywhere = scene[:, :, None, None].expand(-1, -1, *maps[2].shape[-2:])
        decoded = self.join8(torch.cat([_upsampled(fused, maps[2]), everywhere, maps[2]], dim=1))
        decoded = self.join4(torch.cat([_upsampled(decoded, maps[1]), maps[1]], dim=1))
        seen = F.avg_pool2d(torch.cat([composite, mask], dim=1), 2)
        decoded = self.join2(torch.cat([_upsampled(decoded, maps[0]), maps[0], seen], dim=1))
        # Most of a recolouring is one transform for the whole object; each pixel adds what is its own.
        own = self._coefficients(self.head(decoded) + self.global_head(scene)[:, :, None, None])
        return own + self._transfer(scene, colours, (masked_mean(looked_up[:, -3:], small) + 1) / 2)

    def _coefficients(self, predicted: Tensor) -> Tensor:
        identity = torch.tensor(IDENTITY, device=predicted.device, dtype=predicted.dtype).view(1, 12, 1, 1)
        if self.config.head == "affine":
            return identity + predicted
        zeros = torch.zeros_like(predicted)
        rows = [torch.cat([zeros[:, :3], predicted[:, row : row + 1]], dim=1) for row in range(3)]
        return identity + torch.cat(rows, dim=1)


def transform_colours(pictures: Tensor, coefficients: Tensor) -> Tensor:
    """Applies affine colour transforms at the pictures' size.

    Args:
        pictures: (B, 3, H, W) encoded sRGB.
        coefficients: (B, 12, h, w), upsampled bilinearly when smaller.

    Returns:
        (B, 3, H, W), not clipped.
    """
    count, _, height, width = pictures.shape
    matrices = _upsampled(coefficients, pictures).reshape(count, 3, 4, height, width)
    transformed: Tensor = (matrices[:, :, :3] * pictures.unsqueeze(1)).sum(2) + matrices[:, :, 3]
    return transformed
