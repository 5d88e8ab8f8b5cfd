"""A picture that cannot be seen around the object gives no light, and is told."""

from __future__ import annotations

import numpy as np
import pytest

from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.backend.pipeline.surroundings import require_surroundings
from raiha.gallery_tools.errors import RaihaError

WINDOW = Window(20, 10, 100, 80)


def canvas(dtype: str = "uint8") -> np.ndarray:
    white = np.iinfo(dtype).max if dtype.startswith("u") else 1.0
    picture = np.full((100, 150, 4), white, dtype=dtype)
    picture[..., 3] = 0
    return picture


def pasted(background: np.ndarray) -> HarmonizeRequest:
    """Return an opaque layer of 20 x 30 pixels in the middle of the window."""
    layer = np.full((20, 30, 4), np.iinfo(np.uint8).max if background.dtype == np.uint8 else 1, background.dtype)
    if background.dtype == np.uint16:
        layer[:] = 65535
    return HarmonizeRequest(layer, background, offset=(55, 40))


def is_refused(request: HarmonizeRequest) -> bool:
    try:
        require_surroundings(request, WINDOW)
    except RaihaError as error:
        assert error.code == "transparent-canvas"
        return True
    return False


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_canvas_that_is_transparent_around_the_object(dtype: str) -> None:
    background = canvas(dtype)
    assert is_refused(pasted(background))
    background[40:60, 55:85, 3] = background[0, 0, 0]  # seen nowhere but below the object
    assert is_refused(pasted(background))
    background[50, 100, 3] = background[0, 0, 0]  # a single pixel
    assert is_refused(pasted(background))
    background[:5, :, 3] = background[0, 0, 0]  # beyond what the network sees
    assert is_refused(pasted(background))
    background[80:, :, 3] = background[0, 0, 0]
    assert not is_refused(pasted(background))


def test_a_canvas_that_is_all_but_transparent() -> None:
    background = canvas()
    background[..., 3] = 1
    assert is_refused(pasted(background))
    background[..., 3] = 40
    assert not is_refused(pasted(background))


def test_pictures_that_hold_no_transparency() -> None:
    opaque = canvas()
    opaque[..., 3] = 255
    assert not is_refused(pasted(opaque))
    assert not is_refused(pasted(opaque[..., :3]))


def test_a_layer_below_a_mask_and_partly_beyond_the_canvas() -> None:
    request = HarmonizeRequest(canvas()[..., :3], canvas(), np.full((100, 150), 255, np.uint8), offset=(-40, -30))
    assert is_refused(request)


def test_the_pipeline_refuses_it() -> None:
    with pytest.raises(RaihaError) as caught:
        Pipeline().harmonize(pasted(canvas()), lambda *_: None, lambda: False)
    assert caught.value.code == "transparent-canvas"
