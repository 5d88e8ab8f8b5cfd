"""Cut-outs: what is left of objects and scenes, and what is made up."""

from __future__ import annotations

import torch

from raiha.training.samples.cut_outs import continue_smoothly, cut_out, paste


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def square(count: int = 4) -> torch.Tensor:
    masks = torch.zeros(count, 1, 64, 64)
    masks[..., 16:48, 16:48] = 1
    return masks


def test_no_rim_of_the_object_is_left_in_its_scene() -> None:
    photos = torch.full((4, 3, 64, 64), 0.2)
    photos[..., 15:49, 15:49] = 0.9  # the object is a pixel larger than its mask
    for seed in range(4):
        cut = cut_out(photos, square(), generator(seed))
        assert cut.fits.all()
        assert (cut.backgrounds - 0.2).abs().max() < 0.05
        assert torch.equal(cut.backgrounds[..., :8, :], photos[..., :8, :])


def test_a_soft_mask_ends_within_the_object_and_a_fringe_follows_it() -> None:
    cut = cut_out(torch.rand(64, 3, 64, 64), square(64), generator())
    assert not cut.alphas[..., :15, :].any() and (cut.alphas[..., 26:38, 26:38] == 1).all()
    with_fringe = cut.fringes.amax((1, 2, 3)) > 0
    assert 2 < with_fringe.sum() < 32
    assert (cut.alphas + cut.fringes).max() <= 1 + 1e-6


def test_the_object_lies_over_its_background_by_its_alpha() -> None:
    photos, objects = torch.zeros(4, 3, 64, 64), torch.ones(4, 3, 64, 64)
    cut = cut_out(photos, square(), generator())
    torch.testing.assert_close(paste(objects, cut), cut.alphas + (1 - cut.alphas) * cut.backgrounds)


def test_too_little_to_cut_out_does_not_fit() -> None:
    speck = torch.zeros(2, 1, 64, 64)
    speck[..., 30:34, 30:34] = 1
    for masks in (speck, torch.ones(2, 1, 64, 64)):
        cut = cut_out(torch.rand(2, 3, 64, 64), masks, generator())
        assert not cut.fits.any() and cut.backgrounds.isfinite().all()


def test_gaps_are_filled_from_around_them() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    known = torch.ones(1, 1, 64, 64)
    known[..., 24:40, 24:40] = 0
    filled = continue_smoothly(ramp, known)
    assert torch.equal(filled[..., :24, :], ramp[..., :24, :])
    assert (filled - ramp).abs().max() < 0.15
