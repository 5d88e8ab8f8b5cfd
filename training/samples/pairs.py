"""Draw batches of windows from packed real pairs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from raiha.training.data.device_arrays import take
from raiha.training.data.pair_pack import PairPack
from raiha.training.data.windows import cut
from raiha.training.samples.object_windows import windows_around
from raiha.training.samples.objects import WINDOW_FACTORS, ReadyPairs, Scene, bounding_boxes, usable_objects


class PairSampler:
    """Draws windows of one split's pairs.

    Args:
        pack: the pairs.
        validation: draws from the val split.
        generator: draws the windows; a run that resumes needs nothing but its state.

    Attributes:
        pairs: (n,) int64 numbers of the composites to draw from, without those of tiny objects.
    """

    def __init__(self, pack: PairPack, generator: torch.Generator, *, validation: bool) -> None:
        self.pack = pack
        self.boxes = bounding_boxes(pack.photos)
        self.generator = generator
        usable = usable_objects(pack.photos, self.boxes, validation=validation)
        self.pairs = np.flatnonzero(np.isin(pack.composite_masks, usable))
        if not len(self.pairs):
            raise ValueError(f"The {'val' if validation else 'train'} split of the pack holds no pairs.")

    def draw(self, count: int, side: int) -> ReadyPairs:
        """Draw a batch of B = ``count`` windows of S = ``side`` pixels."""
        picks = torch.randint(len(self.pairs), (count,), generator=self.generator)
        return self.batch(self.pairs[picks.numpy()], side)

    def batch(self, numbers: NDArray[np.int64], side: int) -> ReadyPairs:
        """Draw windows of the composites with these numbers."""
        photos, masks = self.pack.photos, self.pack.composite_masks[numbers]
        owners = photos.owners[masks]
        sizes = torch.from_numpy(photos.sizes[owners]).float()
        windows = windows_around(torch.from_numpy(self.boxes[masks]), sizes, *WINDOW_FACTORS, self.generator)
        grid = windows.grid(sizes / photos.side, side, side)
        real = cut(take(photos.photos, owners), grid) / 255
        scene = Scene(real, cut(take(photos.masks, masks).unsqueeze(1), grid) / 255)
        return ReadyPairs(scene, cut(take(self.pack.composites, numbers), grid) / 255)
