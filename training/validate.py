"""Figures of a network on the val split, with composites that never change."""

from __future__ import annotations

import torch

from backend.network.harmonizer import Harmonizer, transform_colours
from gallery_tools.extractors.extractor import Extractor
from training.composites import Composer
from training.objects import ObjectSampler

_SIDE = 192
_BATCH = 32
_MOST = 320
_SETTINGS: dict[str, tuple[str, ...]] = {"none": (), **{way: (way,) for way in ("retrieved", "unrelated", "augmented")}}


@torch.inference_mode()
def validate(network: Harmonizer, extractor: Extractor, sampler: ObjectSampler, composer: Composer) -> dict[str, float]:
    """Mean foreground PSNR in dB of the val split's composites, untouched and harmonized.

    Returns:
        "composite", and "none", "retrieved", "unrelated" and "augmented" by the references used.
    """
    sums = dict.fromkeys(("composite", *_SETTINGS), 0.0)
    numbers = sampler.objects[: _MOST // _BATCH * _BATCH]
    for name, references in _SETTINGS.items():
        generator = torch.Generator().manual_seed(1)
        for start in range(0, len(numbers) - _BATCH + 1, _BATCH):
            # Objects are drawn by their number, so each setting sees the same windows.
            sampler.generator.manual_seed(start)
            scene = sampler.scene(numbers[start : start + _BATCH], _SIDE, references)
            scene, composites = composer.compose(scene, generator)
            content = extractor.maps(composites)
            coefficients = network(composites, scene.masks, content, scene.references, scene.reference_content)
            results = {name: transform_colours(composites, coefficients).clamp(0, 1)}
            if not references:
                results["composite"] = composites
            area = 3 * scene.masks.sum((1, 2, 3)).clamp_min(1)
            for key, result in results.items():
                error = (((result - scene.targets) ** 2) * scene.masks).sum((1, 2, 3)) / area
                sums[key] += (-10 * error.clamp_min(1e-7).log10()).sum().item()
    return {key: value / len(numbers) for key, value in sums.items()}
