"""The harmonization network: encoder, SGF, a reader of the object's edge, and a colour transform for every place."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.backend.network.colour_transform import IDENTITY, about_mean
from raiha.backend.network.edge_profiles import EdgeProfiles, edge_profiles
from raiha.backend.network.edge_regression import EdgeReader, EdgeRegression
from raiha.backend.network.encoder import CHANNELS, Encoder
from raiha.backend.network.fusion import SemanticGuidedFusion
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.regions import colour_statistics, masked_mean, regions


class EncodedPicture(NamedTuple):
    """A batch of pictures as the encoder sees them.

    Attributes:
        features: (B, C, H / 16, W / 16) the features e of formulas 6 to 10, C = width + 3.
        last: (B, 320, H / 32, W / 32) the encoder's last map.
    """

    features: Tensor
    last: Tensor


class SceneFeatures(NamedTuple):
    """What is known of a batch of composites before their edges are read.

    Attributes:
        fused: (B, C, H / 16, W / 16) e' of formula 10.
        patch_mask: (B, 1, H / 16, W / 16) share of the object in each patch.
        descriptor: (B, n) appearance and semantics of the scene as a whole.
        mean: (B, 3) the object's mean colour, encoded sRGB.
    """

    fused: Tensor
    patch_mask: Tensor
    descriptor: Tensor
    mean: Tensor


class SceneReading(NamedTuple):
    """The scene as a whole, and the transform read off the object's edge.

    Attributes:
        scene: (B, scene_width).
        transform: (B, 3, 5) gains, shifts and bends, see ``EdgeRegression``.
        agreement: (B,) see ``EdgeFit``.
    """

    scene: Tensor
    transform: Tensor
    agreement: Tensor


class Prediction(NamedTuple):
    """The network's output for a batch.

    Attributes:
        coefficients: (B, 15, H / 16, W / 16) colour transforms as ``colour_transform.IDENTITY`` orders them.
        agreement: (B,) see ``EdgeFit``: about 0 where the edge is no evidence, as a paste's.
    """

    coefficients: Tensor
    agreement: Tensor


_STRIDE = 16
_PALETTE = 64
_OPEN = 1.0  # logit of the gate before training, which keeps 73 % of a change: there a sigmoid learns
_CONTENT_SCALE = 8  # brings content features, which are of unit length over 64 channels, to about 1 each


class _Block(nn.Sequential):
    """Convolution, group norm, ReLU. Without batch statistics, a picture's result depends on no other picture."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
            nn.GroupNorm(8, outputs),
            nn.ReLU(inplace=True),
        )


def _upsampled(maps: Tensor, like: Tensor) -> Tensor:
    """Return maps (B, C, h, w) on the grid of ``like``."""
    if maps.shape[-2:] == like.shape[-2:]:
        return maps  # interpolation to the same size takes milliseconds on a GPU, a seventh of a training step
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _averaging(size: int, wanted: int, device: torch.device) -> Tensor:
    """Return (wanted, size) weights that resize one side of a grid as torch's antialiased interpolation does."""
    identity = torch.eye(size, device=device)[None, None]  # (1, 1, size, size)
    return F.interpolate(identity, size=(wanted, size), mode="bilinear", align_corners=False, antialias=True)[0, 0]


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    """Return maps (B, C, h, w) on the larger or smaller grid of ``like``, antialiased, in float32.

    Matrix products do it: the backward pass of torch's own interpolation takes a fifth of a training step on a GPU.
    """
    rows, columns = (
        _averaging(size, wanted, maps.device) for size, wanted in zip(maps.shape[-2:], like.shape[-2:], strict=True)
    )
    with torch.autocast(maps.device.type, enabled=False):
        return rows @ maps.float() @ columns.T


class Harmonizer(nn.Module):
    """Predicts how the foreground's colours should change, as coefficients that apply at any resolution."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.dropout = 0.0  # share of the scene's descriptor that is dropped in training; the trainer sets it
        width, scene_width = config.width, config.scene_width
        self.encoder = Encoder()
        self.reduce = nn.ModuleList(_Block(channels, width, 1) for channels in CHANNELS)
        self.join = _Block(width, width)
        # A patch's mean colour is part of e, so that attention also looks up how similar content is coloured.
        self.fusion = SemanticGuidedFusion(width + 3, config.content_channels)
        self.palette = nn.Sequential(nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, _PALETTE, 1), nn.ReLU())
        self.edge_reader = EdgeReader()
        descriptor = 4 * (width + 3) + 18 + 3 * _PALETTE + CHANNELS[-1] + 2 * config.content_channels
        self.scene = nn.Sequential(
            nn.Linear(descriptor + self.edge_reader.outputs, scene_width),
            nn.ReLU(),
            nn.Linear(scene_width, scene_width),
            nn.ReLU(),
        )
        self.edge_regression = EdgeRegression(self.edge_reader.channels, scene_width)
        self.with_edge = nn.Sequential(nn.Linear(scene_width + self.edge_regression.solutions, scene_width), nn.ReLU())
        self.global_head = nn.Linear(scene_width, 12)
        self.scene_everywhere = nn.Linear(scene_width, width)
        self.decode = nn.Sequential(_Block(2 * width + 4, width), _Block(width, width))
        self.head = nn.Conv2d(width, 12, 1)
        self.gate = nn.Linear(scene_width, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, _OPEN)
        for head in (self.global_head, self.head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def _encoded(self, pictures: Tensor, masks: Tensor | None) -> EncodedPicture:
        """Encode pictures (B, 3, H, W) with masks (B, 1, H, W), or references without (formula 6)."""
        colours = 2 * F.avg_pool2d(pictures, _STRIDE) - 1  # (B, 3, h, w), h = H / 16
        maps = self.encoder(pictures, masks)  # (B, 32, 2h, 2w), (B, 96, h, w), (B, 320, h/2, w/2)
        reduced = [_resized(reduce(level), colours) for reduce, level in zip(self.reduce, maps, strict=True)]
        return EncodedPicture(torch.cat([self.join(sum(reduced)), colours], dim=1), maps[-1])  # (B, width + 3, h, w)

    def _references(self, references: Tensor, contents: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, K, C, h, w) and content (B, K, D, h, w) of references (B or 1, K, 3, H, W).

        References of the whole batch are encoded once. The grid is that of ``like``.
        """
        features = self._encoded(references.flatten(0, 1), None).features  # (B K, C, h, w)
        content = _upsampled(contents.flatten(0, 1), like)  # (B K, D, h, w)
        count, number = references.shape[:2]

        def of_each(maps: Tensor) -> Tensor:
            return maps.reshape(count, number, *maps.shape[1:]).expand(len(like), -1, -1, -1, -1)

        return of_each(features), of_each(content)

    def _appearance_descriptor(
        self, composite: Tensor, mask: Tensor, features: Tensor, fused: Tensor, looked_up: Tensor
    ) -> Tensor:
        """Describe how foreground, background and surroundings look.

        Args:
            composite: (B, 3, H, W).
            mask: (B, 1, H, W).
            features: (B, C, h, w) e.
            fused: (B, C, h, w) e', modulated by SGF.
            looked_up: (B, C, h, w) e_w.

        Returns:
            (B, 4 C + 18 + 3 * palette).
        """
        coarse = regions(F.avg_pool2d(mask, _STRIDE))  # (B, 1, h, w) each
        parts = [masked_mean(fused, coarse.foreground), masked_mean(looked_up, coarse.foreground)]
        parts += [masked_mean(features, coarse.background), masked_mean(features, coarse.surroundings)]  # (B, C) each
        colours, fine = F.avg_pool2d(composite, 4), regions(F.avg_pool2d(mask, 4))  # (B, 3, H/4, W/4), (B, 1, H/4, W/4)
        palette = self.palette(2 * colours - 1)  # (B, 64, H/4, W/4)
        palettes = torch.cat([masked_mean(palette, region) for region in fine], dim=1)  # (B, 192)
        statistics = colour_statistics(colours, fine)  # (B, 18)
        return torch.cat([self._dropout(torch.cat(parts, dim=1)), statistics, self._dropout(palettes)], dim=1)

    def _semantics(self, mask: Tensor, last: Tensor, content: Tensor) -> Tensor:
        """Describe the kind of object and of scene, which limits the colours that the object may have.

        Args:
            mask: (B, 1, H, W).
            last: (B, 320, H / 32, W / 32) the encoder's last map.
            content: (B, D, H / 16, W / 16) of the composite.

        Returns:
            (B, 320 + 2 D).
        """
        seen = masked_mean(last, F.avg_pool2d(mask, 2 * _STRIDE))  # (B, 320)
        foreground, background, _ = regions(F.avg_pool2d(mask, _STRIDE))  # (B, 1, h, w) each
        kinds = [_CONTENT_SCALE * masked_mean(content, region) for region in (foreground, background)]  # (B, D) each
        return self._dropout(torch.cat([F.layer_norm(seen, seen.shape[1:]), *kinds], dim=1))

    def _dropout(self, features: Tensor) -> Tensor:
        """Drop a share of the features in training: all together would identify a photo, and with it its colours."""
        return F.dropout(features, self.dropout, self.training)

    def _read_scene(self, descriptor: Tensor, edges: EdgeProfiles, mean: Tensor) -> SceneReading:
        """Summarize the scene and read a transform off the object's edge.

        Args:
            descriptor: (B, n) of appearance and semantics.
            edges: of B objects or 1.
            mean: (B, 3) the object's mean colour, encoded sRGB.
        """
        lines, summary = self.edge_reader(edges)  # (B or 1, channels, L), (B or 1, outputs)
        edges, lines = edges.expand(len(descriptor)), lines.expand(len(descriptor), -1, -1)
        summary = summary.expand(len(descriptor), -1)
        scene = self.scene(torch.cat([descriptor, summary], dim=1))  # (B, scene_width)
        fit = self.edge_regression(edges, lines, scene, mean)
        scene = self.with_edge(torch.cat([scene, fit.summary], dim=1))  # (B, scene_width)
        return SceneReading(scene, fit.transform, fit.agreement)

    def forward(
        self,
        composite: Tensor,
        mask: Tensor,
        content: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
        edges: EdgeProfiles | None = None,
    ) -> Tensor:
        """Predict colour transforms for a batch of composites.

        Args:
            composite: see ``scene_features``, as the next four.
            mask: of the foreground.
            content: of the composite.
            references: of each composite or of all.
            reference_contents: of the references.
            edges: of B objects or 1, where they were read from more pixels than the network's; None reads them from
                ``composite``.

        Returns:
            (B, 15, H / 16, W / 16) as ``colour_transform.IDENTITY`` orders them.
        """
        scene = self.scene_features(composite, mask, content, references, reference_contents)
        return self.transforms(scene, edges or edge_profiles(composite, mask)).coefficients

    def scene_features(
        self,
        composite: Tensor,
        mask: Tensor,
        content: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
    ) -> SceneFeatures:
        """Look at composites and references, at everything but the edges.

        Args:
            composite: (B, 3, H, W) float32 encoded sRGB in [0, 1]; H and W multiples of 64.
            mask: (B, 1, H, W) float32, 1 = foreground.
            content: (B, D, h', w') content features of the composite, any grid over the same window.
            references: (B, K, 3, H, W) encoded sRGB, or (1, K, 3, H, W) for the whole batch; None in the non-reference
                setting.
            reference_contents: (B or 1, K, D, h', w') content features of the references.
        """
        features, last = self._encoded(composite, mask)  # (B, C, h, w), (B, 320, h/2, w/2)
        content = _upsampled(content, features)  # (B, D, h, w)
        patch_mask = F.avg_pool2d(mask, _STRIDE)  # (B, 1, h, w)
        extra = (
            (None, None)
            if references is None or reference_contents is None
            else self._references(references, reference_contents, features)
        )
        fused, looked_up = self.fusion(features, content, patch_mask, *extra)  # (B, C, h, w) each, formulas 8 to 10
        appearance = self._appearance_descriptor(composite, mask, features, fused, looked_up)
        descriptor = torch.cat([appearance, self._semantics(mask, last, content)], dim=1)  # (B, n)
        return SceneFeatures(fused, patch_mask, descriptor, masked_mean(composite, mask))

    def transforms(self, features: SceneFeatures, edges: EdgeProfiles) -> Prediction:
        """Predict the colour transforms from a scene and its edges, of B objects or 1."""
        fused, patch_mask, descriptor, mean = features
        with torch.autocast(mean.device.type, enabled=False):  # half precision is too coarse for differences of colour
            scene, transform, agreement = self._read_scene(descriptor.float(), edges, mean)
            everywhere = self.global_head(scene)[:, :, None, None]  # (B, 12, 1, 1)
            kept = self.gate(scene).sigmoid()[:, :, None, None]  # (B, 1, 1, 1), how much of the change to trust
        context = self.scene_everywhere(scene)[:, :, None, None].expand(-1, -1, *fused.shape[-2:])  # (B, width, h, w)
        decoded = self.decode(torch.cat([fused, patch_mask, context], dim=1))  # (B, width, h, w)
        # Most of a recolouring is one transform for the whole object; each place adds its own difference.
        predicted = self.head(decoded) + everywhere  # (B, 12, h, w)
        coefficients = self._coefficients(predicted, transform, mean)  # (B, 15, h, w)
        identity = coefficients.new_tensor(IDENTITY).view(1, -1, 1, 1)
        return Prediction(identity + kept * (coefficients - identity), agreement)

    def _coefficients(self, predicted: Tensor, transform: Tensor, mean: Tensor) -> Tensor:
        """Combine the transforms predicted for each place with the transform read off the edge.

        Args:
            predicted: (B, 12, h, w) nine gains and three shifts.
            transform: (B, 3, 5) gains, shifts and bends of the edge.
            mean: (B, 3) the object's mean colour, about which the transforms turn.

        Returns:
            (B, 15, h, w) as ``colour_transform.IDENTITY`` orders them.
        """
        count, _, height, width = predicted.shape
        shift = predicted[:, 9:] + transform[:, :, 3, None, None]  # (B, 3, h, w)
        gains = predicted[:, :9].reshape(count, 3, 3, height, width) + transform[:, :, :3, None, None]
        return about_mean(gains, shift, transform[:, :, 4], mean)
