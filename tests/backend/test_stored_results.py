"""Results on sample photos are bit for bit those that were stored before the code was last rearranged.

The hashes hold for the shipped weights and this arithmetic; whoever changes either on purpose stores new ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES = Path(__file__).parents[2] / "samples"
PHOTOS = sorted((SAMPLES / "photos").glob("coco*.jpg"))
STORED = json.loads((Path(__file__).parent / "stored_results.json").read_text())


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # sums depend on how they are shared among threads
    yield Pipeline()
    torch.set_num_threads(threads)


def request_of(number: int, name: str) -> HarmonizeRequest:
    """A sample photo with a tinted object; every other one with a reference."""
    with Image.open(SAMPLES / "photos" / f"{name.rsplit('_', 1)[0]}.jpg") as image:
        photo = np.asarray(image.convert("RGB"))
    with Image.open(SAMPLES / "masks" / f"{name}.png") as image:
        mask = np.asarray(image.convert("L").resize(photo.shape[1::-1]))
    tint = [0.7 + 0.06 * number, 0.9, 1.2 - 0.05 * number]
    pixels = photo.astype(np.float32)
    composite = np.where(mask[..., None] > 127, pixels * tint, pixels).clip(0, 255).astype(np.uint8)
    references = (PHOTOS[(number + 3) % len(PHOTOS)],) if number % 2 else ()
    return HarmonizeRequest(composite, composite, mask=mask, references=references)


@pytest.mark.parametrize(("number", "name"), list(enumerate(sorted(STORED))))
def test_the_layer_is_the_stored_one(pipeline: Pipeline, number: int, name: str) -> None:
    request = request_of(number, name)
    result = pipeline.harmonize(request, lambda *_: None, lambda: False)
    assert len(result.references) == number % 2
    assert not np.array_equal(result.layer, request.layer)
    assert hashlib.sha256(result.layer.tobytes()).hexdigest() == STORED[name]
