"""Grades of whole photos and automatic retouches: in range, in the direction that their names promise."""

from __future__ import annotations

import torch

from raiha.training.samples.grading import auto_retouch, grade, light_gains, soft_shoulder


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photos(count: int = 64, low: float = 0.1, high: float = 0.9) -> torch.Tensor:
    coarse = torch.rand(count, 3, 6, 6, generator=generator(1)) * (high - low) + low
    return torch.nn.functional.interpolate(coarse, size=(24, 24), mode="bilinear")


def test_grades_are_photos_most_of_them_darker_light_and_strong_alike() -> None:
    before = photos()
    after = grade(before, generator())
    assert after.min() >= 0 and after.max() <= 1
    assert ((after - before).mean((1, 2, 3)) < 0).float().mean() > 0.5
    changes = (after - before).abs().mean((1, 2, 3))
    assert changes.min() < 0.05 and changes.max() > 0.2


def test_a_light_s_gains_leave_the_exposure() -> None:
    gains = light_gains(photos(256), generator())
    torch.testing.assert_close(gains.mean(1), torch.zeros(256, 1, 1), atol=1e-6, rtol=0)
    warm = gains[:, 0] - gains[:, 2]
    assert warm.std() > 0.3


def test_a_shoulder_keeps_order_and_white() -> None:
    light = torch.linspace(0, 4, 400)
    after = soft_shoulder(light)
    assert (after.diff() >= 0).all() and after.max() <= 1
    assert torch.equal(after[light <= 0.8], light[light <= 0.8])


def test_a_retouch_brings_dark_and_bright_objects_together() -> None:
    whole = torch.ones(64, 1, 24, 24)
    dark, bright = photos(low=0.02, high=0.2), photos(low=0.6, high=1.0)
    retouched = [auto_retouch(one, whole, generator()) for one in (dark, bright)]
    assert (retouched[1].mean() - retouched[0].mean()).abs() < 0.6 * (bright.mean() - dark.mean())
    assert all(one.min() >= 0 and one.max() <= 1 for one in retouched)


def test_a_retouch_takes_a_cast_away() -> None:
    cast = photos() * torch.tensor([1.0, 0.7, 0.5]).view(1, 3, 1, 1)
    after = auto_retouch(cast, torch.ones(64, 1, 24, 24), generator())
    ratios = [one.mean((0, 2, 3))[0] / one.mean((0, 2, 3))[2] for one in (cast, after)]
    assert 1 < ratios[1] < 0.9 * ratios[0]


def test_the_object_alone_decides() -> None:
    masks = torch.zeros(64, 1, 24, 24)
    masks[..., 6:18, 6:18] = 1
    one, other = photos(), photos()
    other[..., :4] = 0
    inside = masks.bool().expand_as(one)
    pairs = [auto_retouch(pictures, masks, generator())[inside] for pictures in (one, other)]
    torch.testing.assert_close(*pairs)
