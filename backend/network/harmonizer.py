"""The harmonization network: encoder, SGF, what edge and colours tell, and a colour transform for every place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.backend.network.colour_transform import about_mean
from raiha.backend.network.edge_profiles import EdgeProfiles, edge_profiles
from raiha.backend.network.edge_regression import EdgeReader, EdgeRegression
from raiha.backend.network.encoder import CHANNELS, Encoder
from raiha.backend.network.fusion import SemanticGuidedFusion
from raiha.backend.network.regions import colour_statistics, masked_mean, regions


@dataclass(frozen=True)
class NetworkConfig:
    """What a checkpoint needs to know to build its network.

    Attributes:
        width: channels of the features e.
        scene_width: numbers that describe the scene as a whole.
        content_channels: of the extractor that the network was trained with.
        extractor: name of that extractor.
        semantic: SGF with content features (formula 8) or without (formula 7), and nothing else that knows them.
        head: "affine": matrices and shifts; "dense": a colour offset for each place, the ablation's alternative.
        edges: whether the object's edge is read; False is an ablation.
    """

    width: int = 128
    scene_width: int = 512
    content_channels: int = 64
    extractor: str = "bundled"
    semantic: bool = True
    head: Literal["affine", "dense"] = "affine"
    edges: bool = True

    def as_dict(self) -> dict[str, str | int | float | bool]:
        """The fields, for JSON."""
        return asdict(self)


_STRIDE = 16
_PALETTE = 64
_CONTENT_SCALE = 8  # content features are of unit length: about 1 each


class _Block(nn.Sequential):
    """Convolution, group norm, ReLU: a picture's result depends on no other picture."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
            nn.GroupNorm(8, outputs),
            nn.ReLU(inplace=True),
        )


def _upsampled(maps: Tensor, like: Tensor) -> Tensor:
    if maps.shape[-2:] == like.shape[-2:]:
        return maps  # on a GPU torch takes milliseconds for nothing: a seventh of a step
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _averaging(size: int, wanted: int, device: torch.device) -> Tensor:
    """(wanted, size) weights that resize one side of a grid, as torch's antialiased interpolation has them."""
    identity = torch.eye(size, device=device)[None, None]
    return F.interpolate(identity, size=(wanted, size), mode="bilinear", align_corners=False, antialias=True)[0, 0]


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    """To a larger or smaller grid, in float32, by products: torch's own way back takes a fifth of a GPU's step."""
    rows, columns = (
        _averaging(size, wanted, maps.device) for size, wanted in zip(maps.shape[-2:], like.shape[-2:], strict=True)
    )
    with torch.autocast(maps.device.type, enabled=False):
        return rows @ maps.float() @ columns.T


class Harmonizer(nn.Module):
    """Predicts how the foreground's colours change, as coefficients that fit any resolution."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.dropout = 0.0  # share of what describes the scene; in training alone, a trainer's choice
        width = config.width
        self.encoder = Encoder()
        self.reduce = nn.ModuleList(_Block(channels, width, 1) for channels in CHANNELS)
        self.join = _Block(width, width)
        # A patch's mean colour is part of e, so that what is looked up tells how like content is coloured.
        self.fusion = SemanticGuidedFusion(width + 3, config.content_channels, semantic=config.semantic)
        self.palette = nn.Sequential(nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, _PALETTE, 1), nn.ReLU())
        self.edge_reader = EdgeReader() if config.edges else None
        described = 4 * (width + 3) + 18 + 3 * _PALETTE + CHANNELS[-1] + 2 * config.content_channels
        described += self.edge_reader.outputs if self.edge_reader else 0
        self.scene = nn.Sequential(
            nn.Linear(described, config.scene_width),
            nn.ReLU(),
            nn.Linear(config.scene_width, config.scene_width),
            nn.ReLU(),
        )
        if self.edge_reader:
            self.edge_regression = EdgeRegression(self.edge_reader.channels, config.scene_width)
            solved = self.edge_regression.solutions
            self.with_edge = nn.Sequential(nn.Linear(config.scene_width + solved, config.scene_width), nn.ReLU())
        outputs = 12 if config.head == "affine" else 3
        self.global_head = nn.Linear(config.scene_width, outputs)
        self.scene_everywhere = nn.Linear(config.scene_width, width)
        self.decode = nn.Sequential(_Block(2 * width + 4, width), _Block(width, width))
        self.head = nn.Conv2d(width, outputs, 1)
        for head in (self.global_head, self.head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def _features(self, pictures: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor]:
        """The features e of formulas 6 to 10, (B, width + 3, H / 16, W / 16), and the encoder's last map."""
        colours = 2 * F.avg_pool2d(pictures, _STRIDE) - 1
        maps = self.encoder(pictures, masks)
        joined = sum(_resized(reduce(one), colours) for reduce, one in zip(self.reduce, maps, strict=True))
        return torch.cat([self.join(joined), colours], dim=1), maps[-1]

    def _references(self, references: Tensor, contents: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Features and content (B, K, C, h, w) of references (B or 1, K, 3, H, W) at the size of ``like``."""
        features, _ = self._features(references.flatten(0, 1), None)
        content = _upsampled(contents.flatten(0, 1), like)
        count, number = references.shape[:2]

        def of_each(maps: Tensor) -> Tensor:  # references of the whole batch are seen once
            return maps.reshape(count, number, *maps.shape[1:]).expand(len(like), -1, -1, -1, -1)

        return of_each(features), of_each(content)

    def _described(self, composite: Tensor, mask: Tensor, features: Tensor, fused: Tensor, looked_up: Tensor) -> Tensor:
        """(B, n) what is known of foreground, background and surroundings as a whole."""
        foreground, background, around = regions(F.avg_pool2d(mask, _STRIDE))
        parts = [masked_mean(fused, foreground), masked_mean(looked_up, foreground)]
        parts += [masked_mean(features, background), masked_mean(features, around)]
        colours, weights = F.avg_pool2d(composite, 4), regions(F.avg_pool2d(mask, 4))
        palette = self.palette(2 * colours - 1)
        palettes = torch.cat([masked_mean(palette, region) for region in weights], dim=1)
        looks = self._forgetting(torch.cat(parts, dim=1)), colour_statistics(colours, weights)
        return torch.cat([*looks, self._forgetting(palettes)], dim=1)

    def _recognized(self, mask: Tensor, last: Tensor, content: Tensor) -> Tensor:
        """(B, n) what kind of object it is, and in what kind of scene, which tells what colours it may have.

        From the encoder's last map and the composite's content features.
        """
        seen = masked_mean(last, F.avg_pool2d(mask, 2 * _STRIDE))
        scale = _CONTENT_SCALE if self.config.semantic else 0
        kinds = [scale * masked_mean(content, region) for region in regions(F.avg_pool2d(mask, _STRIDE))[:2]]
        return self._forgetting(torch.cat([F.layer_norm(seen, seen.shape[1:]), *kinds], dim=1))

    def _forgetting(self, numbers: Tensor) -> Tensor:
        """Drops some numbers in training: together they know a photo again, and with it its true colours."""
        return F.dropout(numbers, self.dropout, self.training)

    def _scene(self, described: Tensor, edges: EdgeProfiles, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The scene (B, scene_width), gains, shifts and bends (B, 3, 5) read off the edge, and its agreement (B,)."""
        if not self.edge_reader:
            return self.scene(described), described.new_zeros(1, 3, 5), described.new_zeros(len(described))
        edges = edges.expand(len(described))
        said, summary = self.edge_reader(edges)
        scene = self.scene(torch.cat([described, summary], dim=1))
        read, solutions, agreement = self.edge_regression(edges, said, scene, mean)
        return self.with_edge(torch.cat([scene, solutions], dim=1)), read, agreement

    def forward(
        self,
        composite: Tensor,
        mask: Tensor,
        content: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
        edges: EdgeProfiles | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Coefficients of the colour transform, and how far the object's edge agrees with them.

        Args:
            composite: (B, 3, H, W) float32 encoded sRGB in [0, 1]; H and W multiples of 64.
            mask: (B, 1, H, W) float32, 1 = foreground.
            content: (B, D, h', w') content features of the composite, any grid over the same window.
            references: (B, K, 3, H, W) encoded sRGB, or (1, K, 3, H, W) for the whole batch; None in the non-reference
                setting.
            reference_contents: (B or 1, K, D, h', w') content features of the references.
            edges: of B objects or 1, where they were read from more pixels than the network's; None reads them from
                ``composite``.

        Returns:
            (B, 15, H / 16, W / 16) transforms as ``colour_transform.IDENTITY`` orders them; for the dense head those
            that only shift. And (B,) the log of how many times closer what was read on both sides of the
            edge comes, about 0 where it fits as it is.
        """
        features, last = self._features(composite, mask)
        content = _upsampled(content, features)
        small = F.avg_pool2d(mask, _STRIDE)
        extra = (
            (None, None)
            if references is None or reference_contents is None
            else self._references(references, reference_contents, features)
        )
        fused, looked_up = self.fusion(features, content, small, *extra)
        described = self._described(composite, mask, features, fused, looked_up)
        described = torch.cat([described, self._recognized(mask, last, content)], dim=1)
        mean = masked_mean(composite, mask)
        with torch.autocast(mean.device.type, enabled=False):  # half precision cannot tell such colours apart
            seen = edges or edge_profiles(composite, mask)
            scene, read, agreement = self._scene(described.float(), seen, mean)
            globally = self.global_head(scene)[:, :, None, None]
        everywhere = self.scene_everywhere(scene)[:, :, None, None].expand(-1, -1, *features.shape[-2:])
        decoded = self.decode(torch.cat([fused, small, everywhere], dim=1))
        # Most of a recolouring is one transform for the whole object; each place adds what is its own.
        predicted = self.head(decoded) + globally
        return self._coefficients(predicted, read, mean), agreement

    def _coefficients(self, predicted: Tensor, read: Tensor, mean: Tensor) -> Tensor:
        """Transforms from what is predicted of each place, (B, 12 or 3, h, w), and read off the edge, (B, 3, 5)."""
        count, _, height, width = predicted.shape
        shift = predicted[:, -3:] + read[:, :, 3, None, None]
        if self.config.head == "dense":
            return about_mean(predicted.new_zeros(count, 3, 3, height, width), shift, torch.zeros_like(mean), mean)
        gains = predicted[:, :9].reshape(count, 3, 3, height, width) + read[:, :, :3, None, None]
        return about_mean(gains, shift, read[:, :, 4], mean)
