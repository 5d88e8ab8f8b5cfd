"""Any extractor of the registry in torch: on a GPU, and for training."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.gallery_tools.devices import torch_name
from raiha.gallery_tools.extractors.extractor import Extractor, Maps
from raiha.gallery_tools.extractors.registry import ExtractorInfo, extractor_info
from raiha.gallery_tools.extractors.weights import build_network, network_fingerprint

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class Normalized(nn.Module):
    """An extractor's network behind the scaling of pictures that it was trained with."""

    def __init__(self, info: ExtractorInfo, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        mean, deviation = (
            ((0.5,) * 3, (0.5,) * 3) if info.file_format == "bundled" else (_IMAGENET_MEAN, _IMAGENET_DEVIATION)
        )
        self.mean = nn.Buffer(torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.deviation = nn.Buffer(torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Content features (B, d, rows, columns) of pictures (B, 3, H, W) in [0, 1]."""
        maps: Tensor = self.network((pictures - self.mean) / self.deviation)
        return maps


class TorchExtractor:
    """An extractor that takes and gives tensors.

    Attributes:
        info: its entry in the registry.
        fingerprint: tells its weights from others of the same extractor.
    """

    def __init__(self, info: ExtractorInfo, network: nn.Module, fingerprint: str, device: str = "cpu") -> None:
        self.info = info
        self.fingerprint = fingerprint
        self._device = torch_name(device)
        self._network = Normalized(info, network).to(self._device)
        if self._device == "cpu":
            self._network = self._network.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def maps(self, pictures: Tensor) -> Tensor:
        """Content features of pictures at their own size, or the nearest that the stride divides.

        Args:
            pictures: (B, 3, H, W) float32 encoded sRGB in [0, 1].

        Returns:
            (B, dimension, H / stride, W / stride) float32 of unit length.
        """
        size = [max(1, round(edge / self.info.stride)) * self.info.stride for edge in pictures.shape[-2:]]
        if size != list(pictures.shape[-2:]):
            pictures = F.interpolate(pictures, size=size, mode="bilinear", antialias=True)
        maps: Tensor = self._network(pictures.to(self._device))
        return maps

    def engine(self, pictures: Maps) -> Maps:
        """Do the work of an ``Extractor``."""
        maps: Maps = self.maps(torch.from_numpy(pictures)).cpu().numpy()
        return maps


def extractor_of(info: ExtractorInfo, network: nn.Module) -> Extractor:
    """Return the extractor that a network in evaluation mode makes, on the processor."""
    loaded = TorchExtractor(info, network, network_fingerprint(network))
    return Extractor(info, loaded.engine, lambda: loaded.fingerprint)


def load_torch_extractor(name: str = "bundled", weights: Path | None = None, device: str = "cpu") -> TorchExtractor:
    """Load an extractor by its name in the registry; arguments and errors are those of ``load_extractor``."""
    info = extractor_info(name)
    network, fingerprint = build_network(info, weights)
    return TorchExtractor(info, network, fingerprint, device)
