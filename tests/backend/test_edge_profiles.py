"""Profiles across the object's edge: where the lines lie and what they sample."""

from __future__ import annotations

import math

import pytest
import torch

from raiha.backend.network.edge_lines import OFFSETS, PROFILE_CHANNELS
from raiha.backend.network.edge_profiles import LINES, edge_profiles

SIDE = 64


def square(low: int = 20, high: int = 44) -> torch.Tensor:
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., low:high, low:high] = 1
    return mask


def disc(radius: float) -> torch.Tensor:
    places = torch.arange(SIDE) + 0.5 - SIDE / 2
    return ((places[:, None] ** 2 + places**2) < radius**2).float()[None, None]


def by_offset(profiles: torch.Tensor) -> torch.Tensor:
    """(B, 5, offsets, L): red, green, blue, mask, within."""
    return profiles.reshape(len(profiles), 5, len(OFFSETS), -1)


def test_lines_cross_the_edge_from_inside_to_outside() -> None:
    seen = edge_profiles(torch.rand(1, 3, SIDE, SIDE), disc(20))
    profiles, present = seen.profiles, seen.present
    assert profiles.shape == (1, PROFILE_CHANNELS, LINES) and present.all()
    mask = by_offset(profiles)[0, 3].mean(1)
    inner = [value < -1.5 for value in OFFSETS]
    assert (mask[torch.tensor(inner)] > 0.9).all()
    assert (mask[torch.tensor([value > 1 for value in OFFSETS])] < -0.9).all()


def test_a_change_of_colour_at_the_edge_is_read_off() -> None:
    mask = disc(18)
    profiles = edge_profiles(0.5 + 0.2 * mask.expand(-1, 3, -1, -1), mask).profiles
    red = by_offset(profiles)[0, 0].mean(1)
    assert red[0] - red[-1] == pytest.approx(0.4, abs=0.01)


def test_lines_spread_over_the_whole_edge() -> None:
    rows = (torch.arange(SIDE) / SIDE).view(1, 1, SIDE, 1).expand(1, 3, SIDE, SIDE)
    profiles = edge_profiles(rows, square()).profiles
    seen = (by_offset(profiles)[0, 0, OFFSETS.index(0.0)] + 1) / 2 * SIDE
    assert seen.min() < 20 and seen.max() > 43
    assert math.isclose(float(seen.mean()), SIDE / 2, abs_tol=1.5)


def test_places_beyond_the_picture_are_marked() -> None:
    profiles = edge_profiles(torch.rand(1, 3, SIDE, SIDE), square(2, 40)).profiles
    within = by_offset(profiles)[0, 4]
    assert (within[OFFSETS.index(12.0)] == 0).any() and (within[OFFSETS.index(0.0)] == 1).all()


@pytest.mark.parametrize("mask", [torch.zeros(1, 1, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)], ids=["none", "all"])
def test_objects_without_an_edge_are_marked(mask: torch.Tensor) -> None:
    assert not edge_profiles(torch.rand(1, 3, SIDE, SIDE), mask).present.any()


def test_profiles_of_an_object_serve_several_crops_of_it() -> None:
    seen = edge_profiles(torch.rand(1, 3, SIDE, SIDE), disc(20)).expand(3)
    assert seen.profiles.shape == (3, PROFILE_CHANNELS, LINES) and seen.present.shape == (3,)
