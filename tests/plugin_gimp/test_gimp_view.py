"""Zoom and place of the preview."""

from __future__ import annotations

import pytest
from view import MOST_ENLARGED, STEP, View

PICTURE, ROOM = (768, 512), (768, 576)


@pytest.fixture
def view() -> View:
    """Return a view of a preview that has a quarter of the layer's pixels along a side."""
    found = View(PICTURE, 4.0)
    found.resize(*ROOM)
    return found


def test_at_first_the_whole_picture_is_seen(view: View) -> None:
    assert view.is_fit
    assert not view.needs_detail
    assert view.shown() == PICTURE
    assert view.seen() == (0, 0, *PICTURE)
    assert view.per_cent == 25


def test_small_pictures_are_enlarged_but_not_without_end() -> None:
    small, tiny = View((100, 80), 1.0), View((10, 8), 1.0)
    for view in (small, tiny):
        view.resize(*ROOM)
    assert small.shown() == (720, 576)
    assert tiny.shown() == (80, 64)


def test_true_pixels_are_those_of_the_layer(view: View) -> None:
    view.show_true()
    assert view.per_cent == 100
    assert view.shown() == ROOM
    part = view.seen()
    assert (part.right - part.left, part.bottom - part.top) == (ROOM[0] / 4, ROOM[1] / 4)
    assert view.needs_detail


def test_the_place_below_the_mouse_stays(view: View) -> None:
    at = (200.0, 100.0)
    place = [view.seen()[axis] + at[axis] / view.zoom for axis in (0, 1)]
    for factor in (STEP, STEP, 3.0, 1 / STEP):
        view.zoom_by(factor, at)
        part = view.seen()
        assert part.left + at[0] / view.zoom == pytest.approx(place[0])
    # Below, the window has grown to its whole height meanwhile, and the place is held in proportion to it.
    assert part.top < place[1] < part.bottom


def test_zoom_ends_at_the_whole_and_at_large_pixels(view: View) -> None:
    view.zoom_by(1e9)
    assert view.zoom == MOST_ENLARGED * 4.0
    view.zoom_by(1e-9)
    assert view.is_fit
    view.zoom_by(STEP)
    view.fit()
    assert view.seen() == (0, 0, *PICTURE)


def test_a_picture_is_moved_as_far_as_its_edge(view: View) -> None:
    view.show_true()
    before = view.seen()
    view.pan(40, -20)
    after = view.seen()
    assert (after.left - before.left, after.top - before.top) == (-10, 5)
    view.pan(1e6, 1e6)
    assert (view.seen().left, view.seen().top) == (0, 0)
    view.pan(8, 8)
    view.pan(-8, 0)
    assert view.seen().left == 2, "it moves at once, however far beyond its edge the mouse was"
