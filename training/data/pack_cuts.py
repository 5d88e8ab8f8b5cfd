"""Windows cut out of a pack's photos and masks, on the device that trains."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raiha.training.data.device_arrays import held, take
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.data.windows import Windows, cut


class PackCuts:
    """Cuts windows out of a pack whose pixels a device holds."""

    def __init__(self, pack: PhotoPack, device: torch.device) -> None:
        self.pack = pack
        self._photos = held(pack.photos, device)
        self._masks = held(pack.masks, device)
        self._device = device

    @property
    def side(self) -> int:
        """Side of the pack's squares in pixels."""
        return self.pack.side

    def grid(self, photos: NDArray[np.int64], windows: Windows, side: int) -> Tensor:
        """Return the sampling grid (B, S, S, 2), S = ``side``, of windows of photos in the photos' squares."""
        occupied = torch.from_numpy(self.pack.sizes[photos] / self.pack.side).float()
        return windows.to(self._device).grid(occupied.to(self._device), side, side)

    def photos(self, photos: NDArray[np.int64], windows: Windows, side: int, step: int = 1) -> Tensor:
        """Return windows of photos (B, 3, S, S) in [0, 1], reading only every ``step``-th pixel."""
        return cut(take(self._photos[..., ::step, ::step], photos), self.grid(photos, windows, side)) / 255

    def masks(self, numbers: NDArray[np.int64], windows: Windows, side: int, step: int = 1) -> Tensor:
        """Return windows of masks (B, 1, S, S) in [0, 1], likewise."""
        grid = self.grid(self.pack.owners[numbers], windows, side)
        return cut(take(self._masks[:, ::step, ::step], numbers).unsqueeze(1), grid) / 255
