"""The part of a picture that a dialog shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiha.backend.client.viewport import MOST_SCALE, Viewport

SIDES = st.integers(1, 7000)
PLACES = st.tuples(st.floats(0, 1500), st.floats(0, 1000))


def viewport(size: tuple[int, int] = (6000, 4000), screen: tuple[int, int] = (600, 500)) -> Viewport:
    made = Viewport()
    made.resize(size, screen)
    return made


def test_the_whole_picture_is_shown_at_first_and_small_ones_are_enlarged() -> None:
    assert (viewport().scale, viewport().visible()) == (0.1, (0, 0, 6000, 4000))
    small = viewport((60, 40))
    assert small.scale == 10 and small.shown() == (0, 50, 600, 400)


def test_a_pixel_for_a_pixel_in_the_middle() -> None:
    view = viewport()
    view.zoom_to(1.0)
    assert view.visible() == (2700, 1750, 600, 500)
    view.fit()
    assert view.is_fit and view.visible() == (0, 0, 6000, 4000)


def test_the_place_under_the_pointer_stays() -> None:
    view = viewport()
    view.zoom_to(0.5, (150, 250))
    left, top, _, _ = view.shown()
    assert ((150 - left) / 0.5, (250 - top) / 0.5) == pytest.approx((1500, 2000))


def test_moving_ends_at_the_edges() -> None:
    view = viewport()
    view.move(100, 100)
    assert view.is_fit
    view.zoom_to(1.0)
    view.move(99, -51)
    assert view.visible() == (2601, 1801, 600, 500)
    view.move(1e6, 1e6)
    assert view.visible() == (0, 0, 600, 500)


def test_a_larger_window_and_another_picture() -> None:
    view = viewport()
    view.zoom_to(0.12)
    view.resize((6000, 4000), (1200, 1000))
    assert view.is_fit
    view.zoom_to(2.0)
    view.resize((300, 200), (1200, 1000))
    assert view.is_fit and view.size == (300, 200)


@given(size=st.tuples(SIDES, SIDES), screen=st.tuples(SIDES, SIDES), scale=st.floats(0.001, 100), at=PLACES, by=PLACES)
def test_what_is_seen_lies_in_the_picture(
    size: tuple[int, int], screen: tuple[int, int], scale: float, at: tuple[float, float], by: tuple[float, float]
) -> None:
    view = viewport(size, screen)
    view.zoom_to(scale, at)
    view.move(*by)
    x, y, width, height = view.visible()
    assert 0 <= x < x + width <= size[0] and 0 <= y < y + height <= size[1]
    assert view.fit_scale <= view.scale <= max(MOST_SCALE, view.fit_scale)
