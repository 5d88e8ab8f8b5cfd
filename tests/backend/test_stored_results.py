"""Results on sample photos are those that were stored when the weights or the arithmetic last changed on purpose.

This catches a change of results that nobody meant, as when code is rearranged. Processors round differently, so pixels
are compared to within a level. Whoever changes weights or arithmetic stores the results anew:
``python tests/backend/test_stored_results.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES = Path(__file__).parents[2] / "samples"
PHOTOS = sorted((SAMPLES / "photos").glob("coco*.jpg"))
MASKS = sorted((SAMPLES / "masks").glob("coco*.png"))[:10]
STORED = Path(__file__).parent / "stored_results"
STEP = 8
"""Every so many rows and columns of a layer are stored."""


@pytest.fixture(scope="module", params=["cpu", "torch-cpu"])
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    """Both engines have the same result, within a level of 8 bits."""
    return Pipeline(request.param)


def request_of(number: int, mask_file: Path) -> HarmonizeRequest:
    """Return a sample photo with a tinted object; every other one with a reference."""
    with Image.open(SAMPLES / "photos" / f"{mask_file.stem.rsplit('_', 1)[0]}.jpg") as image:
        photo = np.asarray(image.convert("RGB"))
    with Image.open(mask_file) as image:
        mask = np.asarray(image.convert("L").resize(photo.shape[1::-1]))
    tint = [0.7 + 0.06 * number, 0.9, 1.2 - 0.05 * number]
    pixels = photo.astype(np.float32)
    composite = np.where(mask[..., None] > 127, pixels * tint, pixels).clip(0, 255).astype(np.uint8)
    references = (PHOTOS[(number + 3) % len(PHOTOS)],) if number % 2 else ()
    return HarmonizeRequest(composite, composite, mask=mask, references=references)


def result_of(pipeline: Pipeline, request: HarmonizeRequest) -> NDArray[np.uint8]:
    layer = pipeline.harmonize(request, lambda *_: None, lambda: False).layer
    return np.ascontiguousarray(layer[::STEP, ::STEP])


@pytest.mark.parametrize(("number", "mask_file"), list(enumerate(MASKS)), ids=lambda value: getattr(value, "stem", ""))
def test_the_layer_is_the_stored_one(pipeline: Pipeline, number: int, mask_file: Path) -> None:
    request = request_of(number, mask_file)
    result = result_of(pipeline, request)
    assert not np.array_equal(result, request.layer[::STEP, ::STEP])
    with Image.open(STORED / mask_file.name) as stored:
        assert np.abs(result.astype(int) - np.asarray(stored)).max() <= 1


def store_results() -> None:
    STORED.mkdir(exist_ok=True)
    pipeline = Pipeline()
    for number, mask_file in enumerate(MASKS):
        Image.fromarray(result_of(pipeline, request_of(number, mask_file))).save(STORED / mask_file.name)


if __name__ == "__main__":
    store_results()
