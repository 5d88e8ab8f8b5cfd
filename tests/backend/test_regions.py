"""Regions of a composite and their colours."""

from __future__ import annotations

import torch

from raiha.backend.network.regions import colour_statistics, masked_mean, regions, surroundings


def mask_of(top: int, bottom: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., top:bottom, 16:24] = 1
    return mask


def test_surroundings_are_background_near_the_object() -> None:
    around = surroundings(mask_of(16, 24))
    assert around[0, 0, 13, 20] == 1 and around[0, 0, 20, 20] == 0
    assert around[0, 0, 2, 2] == 0


def test_statistics_are_those_of_their_region_alone() -> None:
    mask = mask_of(10, 30)
    picture = 0.25 + 0.5 * mask.expand(-1, 3, -1, -1)
    foreground, background, around = colour_statistics(picture, regions(mask)).reshape(3, 2, 3)
    torch.testing.assert_close(foreground[0], torch.full((3,), 0.5))  # 0.75, from -1 to 1
    torch.testing.assert_close(background[0], torch.full((3,), -0.5))
    torch.testing.assert_close(around[0], torch.full((3,), -0.5))
    torch.testing.assert_close(background[1], torch.full((3,), -1.0), atol=0.01, rtol=0)  # no deviation


def test_an_empty_region_has_the_mean_0() -> None:
    assert not masked_mean(torch.rand(2, 3, 8, 8), torch.zeros(2, 1, 8, 8)).any()
