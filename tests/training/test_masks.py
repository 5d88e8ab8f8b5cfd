"""Masks as users draw them."""

from __future__ import annotations

import torch

from raiha.training.samples.masks import degrade_masks, fade_out, harden_masks


def square(count: int = 16) -> torch.Tensor:
    masks = torch.zeros(count, 1, 48, 48)
    masks[..., 14:34, 14:34] = 1
    return masks


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_degraded_masks_stay_about_the_same() -> None:
    masks = square()
    degraded = degrade_masks(masks, 1.0, generator())
    changed = (degraded - masks).abs()
    assert changed.amax((1, 2, 3)).gt(0.2).all()
    assert degraded.min() >= 0 and degraded.max() <= 1
    assert not changed[..., 20:28, 20:28].any() and not changed[..., :6, :6].any()
    areas = degraded.sum((1, 2, 3))
    assert areas.min() < 400 * 0.95 and areas.max() > 400 * 1.05  # too small, too large


def test_hardened_masks_are_0_or_1_and_only_in_the_share() -> None:
    soft = torch.nn.functional.avg_pool2d(square(64), 5, stride=1, padding=2)
    hard = harden_masks(soft, 0.5, generator())
    cut = ((hard == 0) | (hard == 1)).all(3).all(2).all(1)
    assert 16 < cut.sum() < 48 and torch.equal(hard[~cut], soft[~cut])
    assert torch.equal(hard[cut], (soft[cut] > 0.5).float())


def test_a_share_of_0_changes_nothing_and_a_speck_is_kept() -> None:
    masks = square()
    assert torch.equal(degrade_masks(masks, 0.0, generator()), masks)
    speck = torch.zeros(8, 1, 48, 48)
    speck[..., 24, 24] = 1
    assert degrade_masks(speck, 1.0, generator()).amax((1, 2, 3)).gt(0.6).all()


def test_a_recolouring_fades_out_inside_the_mask_only() -> None:
    masks, photos = square(), torch.full((16, 3, 48, 48), 0.2)
    composites = photos + 0.5 * masks
    faded = (fade_out(photos, composites, masks, 1.0, generator()) - photos) / 0.5
    rim = faded[:, 0, 24, 14]
    assert rim.min() > 0.55 and rim.max() < 1 and rim.std() > 0.05
    torch.testing.assert_close(faded[..., 20:28, 20:28], torch.ones(16, 3, 8, 8))
    assert not (faded * (1 - masks)).any()
    assert torch.equal(fade_out(photos, composites, masks, 0.0, generator()), composites)
