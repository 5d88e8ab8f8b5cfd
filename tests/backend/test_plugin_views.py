"""Parts of a picture that a dialog requests: only their pixels travel, and they look as in the whole picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raiha.backend.client.messages import Frame
from raiha.backend.client.raiha_plugin import Composite, send_view
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest, PreviewResult

OFFSET = (30, -5)


class RecordingClient:
    """Keeps what is sent."""

    def harmonize(self, **fields: Any) -> None:
        self.fields = fields


def composite() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a layer (40, 50, 4) with soft alpha, its mask, and a background (60, 90, 4)."""
    random = np.random.default_rng(3)
    background = random.integers(0, 256, (60, 90, 4), np.uint8)
    background[..., 3] = 255
    mask = random.integers(0, 256, (40, 50, 1), np.uint8)
    return random.integers(0, 256, (40, 50, 4), np.uint8), mask, background


def frame_of(pixels: np.ndarray) -> Frame:
    height, width, channels = pixels.shape
    return Frame(pixels.tobytes(), width, height, {1: "GRAY", 4: "RGBA"}[channels], "uint8")


def pixels_of(frame: Frame) -> np.ndarray:
    return np.frombuffer(frame.data, np.uint8).reshape(frame.height, frame.width, frame.channels)


def shown(request: HarmonizeRequest) -> PreviewResult:
    pipeline = Pipeline(network_weights=Path("there-is-none"))
    return pipeline.preview(request, 4096, lambda *_: None, lambda: False)


@pytest.mark.parametrize("view", [(0, 0, 90, 60), (20, 0, 30, 20), (70, 10, 20, 50), (0, 40, 20, 20)])
def test_a_part_looks_as_it_does_in_the_whole(view: tuple[int, int, int, int]) -> None:
    layer, mask, background = composite()
    client: Any = RecordingClient()
    send_view(client, Composite(frame_of(layer), frame_of(background), frame_of(mask), None, OFFSET), view, 4096)
    sent = client.fields
    assert (sent["background"].width, sent["background"].height) == view[2:]
    part = shown(
        HarmonizeRequest(
            pixels_of(sent["layer"]),
            pixels_of(sent["background"]),
            mask=pixels_of(sent["mask"])[..., 0],
            offset=sent["offset"],
            view=sent["view"],
        )
    )
    whole = shown(HarmonizeRequest(layer, background, mask=mask[..., 0], offset=OFFSET, view=view))
    np.testing.assert_array_equal(part.before, whole.before)
    np.testing.assert_array_equal(part.mask, whole.mask)
