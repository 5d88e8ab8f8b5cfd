"""Photos to content features with any extractor of the registry (formula 2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.gallery_tools.extractors.registry import ExtractorInfo, extractor_info
from raiha.gallery_tools.extractors.weights import build_network, fingerprint_of

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def input_size(height: int, width: int, info: ExtractorInfo) -> tuple[int, int]:
    """Height and width to which a photo is resized: long side ``input_side``, both multiples of the stride."""
    scale = info.input_side / max(height, width)
    rows, columns = (max(1, round(edge * scale / info.stride)) for edge in (height, width))
    return rows * info.stride, columns * info.stride


class Extractor:
    """A loaded extractor.

    Attributes:
        info: its entry in the registry.
        fingerprint: tells its weights from others of the same extractor.
    """

    def __init__(
        self, info: ExtractorInfo, network: nn.Module, device: str = "cpu", fingerprint: str | None = None
    ) -> None:
        self.info = info
        self.fingerprint = fingerprint or fingerprint_of(network)
        self._network = network.to(device)
        self._device = device
        mean, deviation = (
            ((0.5,) * 3, (0.5,) * 3) if info.file_format == "bundled" else (_IMAGENET_MEAN, _IMAGENET_DEVIATION)
        )
        self._mean = torch.tensor(mean, device=device).view(1, 3, 1, 1)
        self._deviation = torch.tensor(deviation, device=device).view(1, 3, 1, 1)
        if device == "cpu":
            self._network = self._network.to(memory_format=torch.channels_last)

    def resize(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a photo (H, W, 3) at the extractor's input size, averaging the pixels that fall together."""
        height, width = input_size(photo.shape[0], photo.shape[1], self.info)
        if photo.shape[:2] == (height, width):
            return photo
        return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR))

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
        maps: Tensor = self._network((pictures.to(self._device) - self._mean) / self._deviation)
        return maps

    def content_features(self, photos: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Content features of photos; photos of one shape after resizing run as one batch.

        Args:
            photos: (h, w, 3) uint8 encoded sRGB, any sizes.

        Returns:
            For each photo (rows, columns, dimension) float32 of unit length.
        """
        resized = [self.resize(photo) for photo in photos]
        features: dict[int, NDArray[np.float32]] = {}
        for shape in {photo.shape for photo in resized}:
            numbers = [number for number, photo in enumerate(resized) if photo.shape == shape]
            batch = torch.from_numpy(np.stack([resized[number] for number in numbers])).to(self._device)
            maps = self.maps(batch.permute(0, 3, 1, 2).float() / 255).permute(0, 2, 3, 1).contiguous().cpu().numpy()
            features.update(zip(numbers, maps, strict=True))
        return [features[number] for number in range(len(photos))]


def load_extractor(name: str = "bundled", weights: Path | None = None, device: str = "cpu") -> Extractor:
    """Load an extractor by its name in the registry.

    Raises:
        RaihaError: "unknown-extractor", "weights-missing", "weights-damaged" or "hub-unreachable".
    """
    info = extractor_info(name)
    network, fingerprint = build_network(info, weights)
    return Extractor(info, network, device, fingerprint)
