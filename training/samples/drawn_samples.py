"""Samples that are drawn ahead of training, so that a step on few processor cores is the network's alone.

``python -m raiha.training.samples.drawn_samples OUT --config training/configs/1_drawn.toml --data DATA --films FILMS
--count 60000``
draws and recolours as a step of ``raiha.training.train`` would, without references, and writes OUT/*.npy. Several such
folders serve one run: ``raiha.training.train --drawn OUT_A OUT_B``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raiha.backend.network.edge_lines import PROFILE_CHANNELS
from raiha.backend.network.edge_profiles import LINES, EdgeProfiles
from raiha.gallery_tools.extractors.torch_extractor import TorchExtractor, load_torch_extractor
from raiha.training.config import load_config
from raiha.training.samples.composites import Composer, scene_side
from raiha.training.samples.loading import load_sampler
from raiha.training.samples.objects import ObjectSampler, ReadyPairs, Scene
from raiha.training.samples.recolour import standard_recipes

_BATCH = 32
_RETONED_SHARE = 0.5


def _bytes(values: Tensor) -> NDArray[np.uint8]:
    """Of values in [0, 1]."""
    stored: NDArray[np.uint8] = (values.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return stored


@torch.inference_mode()
def draw_samples(
    sampler: ObjectSampler,
    composer: Composer,
    extractor: TorchExtractor,
    folder: Path,
    count: int,
    side: int,
    seed: int,
) -> None:
    """Write ``count`` samples of ``side`` pixels, rounded up to whole batches.

    The arrays: composites, targets (n, 3, S, S) and masks (n, 1, S, S) uint8; content (n, D, S / 16, S / 16) float16;
    profiles (n, PROFILE_CHANNELS, LINES) uint8, 0 for -1 and 255 for 1; present (n,) bool.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = -(-count // _BATCH) * _BATCH
    channels = extractor.maps(torch.zeros(1, 3, side, side)).shape[1]
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "composites": ((3, side, side), np.uint8),
        "targets": ((3, side, side), np.uint8),
        "masks": ((1, side, side), np.uint8),
        "content": ((channels, side // 16, side // 16), np.float16),
        "profiles": ((PROFILE_CHANNELS, LINES), np.uint8),
        "present": ((), np.bool_),
    }
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (count, *shape))
        for name, (shape, kind) in shapes.items()
    }
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, count, _BATCH):
        rows = slice(start, start + _BATCH)
        pairs = composer.pairs(sampler.draw(_BATCH, scene_side(side)), side, generator)
        assert pairs.edges is not None
        arrays["composites"][rows] = _bytes(pairs.composites)
        arrays["targets"][rows] = _bytes(pairs.scene.targets)
        arrays["masks"][rows] = _bytes(pairs.scene.masks)
        arrays["content"][rows] = extractor.maps(pairs.composites).half().numpy()
        arrays["profiles"][rows] = _bytes((pairs.edges.profiles + 1) / 2)
        arrays["present"][rows] = pairs.edges.present.numpy()
        if start % (100 * _BATCH) == 0:
            print(f"{start} of {count} samples", flush=True)


@dataclass(frozen=True)
class DrawnSampler:
    """Draws batches from samples that ``draw_samples`` wrote; half of them in another tone, and mirrored.

    Attributes:
        parts: the arrays of each folder by name.
        generator: of the draw.
    """

    parts: list[dict[str, NDArray[np.generic]]]
    generator: torch.Generator

    @classmethod
    def load(cls, folders: Sequence[Path], generator: torch.Generator) -> DrawnSampler:
        """Those of some folders, memory-mapped."""
        names = ("composites", "targets", "masks", "content", "profiles", "present")
        return cls(
            [{name: np.load(one / f"{name}.npy", mmap_mode="r") for name in names} for one in folders], generator
        )

    def draw(self, count: int, side: int) -> ReadyPairs:
        """Return a batch of B = ``count``.

        Raises:
            ValueError: the samples are not of ``side`` pixels.
        """
        sizes = torch.tensor([float(len(part["present"])) for part in self.parts])
        part = self.parts[int(torch.multinomial(sizes, 1, generator=self.generator))]
        if part["masks"].shape[-1] != side:
            raise ValueError(f"The samples were drawn at {part['masks'].shape[-1]} px, and the stage's side is {side}.")
        rows = torch.randint(len(part["present"]), (count,), generator=self.generator).numpy()
        taken = {name: torch.from_numpy(array[rows]) for name, array in part.items()}
        composites, targets, masks = (taken[name].float() / 255 for name in ("composites", "targets", "masks"))
        edges = EdgeProfiles(taken["profiles"].float() / 127.5 - 1, taken["present"])
        composites, targets, edges = self._retoned(composites, targets, edges)
        content = taken["content"].float()
        if torch.rand(1, generator=self.generator) < 0.5:  # lines across the edge are the same mirrored
            composites, targets, masks, content = (one.flip(-1) for one in (composites, targets, masks, content))
        return ReadyPairs(Scene(targets, masks), composites, content, edges)

    def _retoned(self, composites: Tensor, targets: Tensor, edges: EdgeProfiles) -> tuple[Tensor, Tensor, EdgeProfiles]:
        """Return a share of the samples under other tone curves, powers of each channel: composite and target alike."""
        count = len(composites)
        tone = 0.3 * torch.randn(count, 1, generator=self.generator)
        tint = 0.1 * torch.randn(count, 3, generator=self.generator)
        chosen = torch.rand(count, 1, generator=self.generator) < _RETONED_SHARE
        powers = torch.exp2((tone + tint) * chosen)
        powers = powers[..., None, None]
        return composites**powers, targets**powers, edges.recoloured(edges.colours.clamp_min(0) ** powers)


def main() -> None:
    """Draws samples from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--count", type=int, default=60000)
    parser.add_argument("--side", type=int, default=128, help="of the pictures, in pixels")
    parser.add_argument("--seed", type=int, default=0, help="another one for each folder")
    arguments = parser.parse_args()
    config, data = load_config(arguments.config), arguments.data
    sampler = load_sampler(data, config.region_share, 1000 + arguments.seed)
    composer = Composer(standard_recipes(arguments.films), config.composites)
    extractor = load_torch_extractor(config.network.extractor, device="cpu")
    draw_samples(sampler, composer, extractor, arguments.out, arguments.count, arguments.side, 2000 + arguments.seed)


if __name__ == "__main__":
    main()
