"""Gains, shifts and bends about a mean colour, as coefficients that apply to any pixel."""

from __future__ import annotations

import torch

from raiha.backend.network.colour_transform import IDENTITY, about_mean, transform_colours

PICTURE = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def of_one_place(bend: list[float], mean: list[float], gain: float = 0.0) -> torch.Tensor:
    gains = (gain * torch.eye(3)).view(1, 3, 3, 1, 1)
    return about_mean(gains, torch.full((1, 3, 1, 1), 0.1), torch.tensor([bend]), torch.tensor([mean]))


def test_the_identity_changes_nothing() -> None:
    torch.testing.assert_close(transform_colours(PICTURE, torch.tensor(IDENTITY).view(1, 15, 1, 1)), PICTURE)


def test_gains_shift_and_bend_turn_about_the_mean() -> None:
    mean, bend = [0.3, 0.5, 0.6], [0.2, 0.0, -0.1]
    away = PICTURE - torch.tensor(mean).view(1, 3, 1, 1)
    wanted = PICTURE + 0.4 * away + 0.1 + torch.tensor(bend).view(1, 3, 1, 1) * away**2
    torch.testing.assert_close(transform_colours(PICTURE, of_one_place(bend, mean, 0.4)), wanted)


def test_no_bend_turns_a_channel_around() -> None:
    ramp = torch.linspace(0, 1, 100).view(1, 1, 1, 100).repeat(1, 3, 1, 1)
    changed = transform_colours(ramp, of_one_place([5.0, -5.0, 0.3], [0.2, 0.9, 0.5], -0.3))
    assert (changed.diff(dim=3) > 0).all()
