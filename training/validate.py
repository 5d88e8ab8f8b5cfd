"""Validate a network on composites of the val split that stay the same for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.utils import make_grid

from raiha.backend.network.colour_transform import transform_colours
from raiha.backend.network.harmonizer import Harmonizer
from raiha.gallery_tools.extractors.torch_extractor import TorchExtractor
from raiha.training.samples.composites import Composer, scene_side
from raiha.training.samples.objects import ObjectSampler, Scene

_BATCH = 32
_MOST = 320
_SHOWN = 8
_EDGELESS = "no edges"
_SETTINGS: dict[str, tuple[str, ...]] = {
    "none": (),
    **{way: (way,) for way in ("retrieved", "unrelated", "augmented")},
    _EDGELESS: (),
}
"""References of each sample by the setting's name; in the last setting the object's edges are hidden."""


@dataclass(frozen=True)
class Validation:
    """The val split and how its composites are made.

    Attributes:
        extractor: the network's.
        sampler: draws from the val split.
        composer: makes composites as the run does.
        side: of the network's windows in pixels.
        device: where the network is.
        objects: numbers of the objects to measure; None measures the first of the split.
    """

    extractor: TorchExtractor
    sampler: ObjectSampler
    composer: Composer
    side: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    objects: NDArray[np.int64] | None = None

    @torch.inference_mode()
    def figures(self, network: Harmonizer, settings: dict[str, tuple[str, ...]] | None = None) -> dict[str, float]:
        """Return the mean foreground PSNR in dB of the val split's composites, untouched and harmonized.

        Returns:
            "composite", and a figure for each of the ``settings``; None means those of ``_SETTINGS`` that the data
            allow.
        """
        settings = settings or {
            name: ways for name, ways in _SETTINGS.items() if not ways or self.sampler.has_references
        }
        sums = dict.fromkeys(("composite", *settings), 0.0)
        count, first = 0, next(iter(settings))
        for name, references in settings.items():
            for scene, composites, results in self._harmonized(network, references, edges=name != _EDGELESS):
                measured = {name: results, "composite": composites} if name == first else {name: results}
                count += len(results) if name == first else 0
                area = 3 * scene.masks.sum((1, 2, 3)).clamp_min(1)
                for key, pictures in measured.items():
                    error = (((pictures - scene.targets) ** 2) * scene.masks).sum((1, 2, 3)) / area
                    sums[key] += (-10 * error.clamp_min(1e-7).log10()).sum().item()
        return {key: value / count for key, value in sums.items()}

    @torch.inference_mode()
    def pictures(self, network: Harmonizer) -> Tensor:
        """Return (3, H, W) some composites, below them the results without references, then the real photos."""
        scene, composites, results = next(self._harmonized(network, (), edges=True))
        rows = [some[:_SHOWN].cpu() for some in (composites, results, scene.targets)]
        grid: Tensor = make_grid(torch.cat(rows), nrow=len(rows[0]))
        return grid

    def _harmonized(
        self, network: Harmonizer, references: tuple[str, ...], *, edges: bool
    ) -> Iterator[tuple[Scene, Tensor, Tensor]]:
        """Yield scenes, their composites and the results (B, 3, S, S), with the object's edges shown or hidden."""
        numbers = (self.sampler.objects if self.objects is None else self.objects)[:_MOST]
        generator = torch.Generator().manual_seed(1)
        for start in range(0, max(1, len(numbers) - _BATCH + 1), _BATCH):
            # Seeded by the batch, so that every setting sees the same windows.
            self.sampler.generator.manual_seed(start)
            drawn = self.sampler.scene(numbers[start : start + _BATCH], scene_side(self.side), references)
            pairs = self.composer.pairs(drawn.to(self.device), self.side, generator)
            scene, composites = pairs.scene, pairs.composites
            content = self.extractor.maps(composites)
            references_of = scene.references, scene.reference_content
            assert pairs.edges is not None
            told = replace(pairs.edges, present=pairs.edges.present & edges)
            coefficients = network(composites, scene.masks, content, *references_of, told)
            yield scene, composites, transform_colours(composites, coefficients).clamp(0, 1)
