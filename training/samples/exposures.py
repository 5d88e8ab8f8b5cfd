"""Other exposures of the same scene: composites whose object was taken in another light, as Hday2night's are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from raiha.training.data.device_arrays import held, take
from raiha.training.data.json_lines import read_json_lines
from raiha.training.data.windows import cut, random_windows
from raiha.training.samples.composites import Composer, reduced_pairs, scene_side
from raiha.training.samples.objects import ObjectSampler, ReadyPairs, Scene


class ExposureSampler:
    """Draws two exposures of a scene, and an object's shape from other photos for where the one is pasted.

    Args:
        data: folder with light.jsonl, a JSON object a line with the ``files`` of a scene's exposures and its ``split``.
        objects: lends the shapes; its generator draws.
        composer: masks are drawn and objects pasted as its own are.
        side: of the squares that photos are kept at, pixels.
        validation: scenes of the val split.
    """

    def __init__(
        self, data: Path, objects: ObjectSampler, composer: Composer, side: int = 384, *, validation: bool = False
    ) -> None:
        self._objects = objects
        self._composer = composer
        entries = read_json_lines(data / "light.jsonl")
        chosen = [entry for entry in entries if (entry["split"] == "val") == validation]
        photos = [_square(data / file, side) for entry in chosen for file in entry["files"]]
        self._photos = held(np.stack(photos), objects.device)
        counts = [len(entry["files"]) for entry in chosen]
        self._counts = torch.tensor(counts)
        self._first = torch.tensor([0, *np.cumsum(counts[:-1])])

    def draw(self, count: int, side: int) -> ReadyPairs:
        """Return a batch of B = ``count`` windows of S = ``side`` pixels, without references."""
        generator, larger = self._objects.generator, scene_side(side)
        scenes = torch.randint(len(self._counts), (count,), generator=generator)
        here = (torch.rand(count, generator=generator) * self._counts[scenes]).long()
        step = 1 + (torch.rand(count, generator=generator) * (self._counts[scenes] - 1)).long()
        elsewhere = (here + step) % self._counts[scenes]
        device = self._objects.device
        windows = random_windows(count, 0.4, 1.0, generator).to(device)
        grid = windows.grid(torch.ones(count, 2, device=device), larger, larger)
        targets, others = (
            cut(take(self._photos, (self._first[scenes] + exposure).numpy()), grid) / 255
            for exposure in (here, elsewhere)
        )
        scene = Scene(targets, self._composer.as_drawn(self._objects.draw(count, larger).masks, generator))
        return reduced_pairs(*self._composer.pasted(scene, others, generator), side)


def _square(file: Path, side: int) -> NDArray[np.uint8]:
    """(3, side, side) of a photo, stretched."""
    with Image.open(file) as image:
        pixels: NDArray[np.uint8] = np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX))
    return np.moveaxis(pixels, 2, 0)
