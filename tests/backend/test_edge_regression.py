"""Features of lines across the edge, and the transform that follows from them."""

from __future__ import annotations

import pytest
import torch

from raiha.backend.network.edge_profiles import edge_profiles
from raiha.backend.network.edge_regression import EdgeReader, EdgeRegression, evidence, weighted_regression

SIDE = 64


def disc(radius: float = 18) -> torch.Tensor:
    places = torch.arange(SIDE) + 0.5 - SIDE / 2
    return ((places[:, None] ** 2 + places**2) < radius**2).float()[None, None]


def smooth_picture() -> torch.Tensor:
    """Colours that vary slowly, so that they are alike on both sides of the edge."""
    small = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bicubic").clamp(0.05, 0.95)


def test_the_regression_finds_the_transform_and_follows_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    truth, inputs = torch.randn(2, 3, 4, generator=generator), torch.randn(2, 4, 50, generator=generator)
    outputs, weights = truth @ inputs, torch.ones(2, 50)
    outputs[..., 25:] += 10
    weights[..., 25:] = 0
    found = weighted_regression(weights, inputs, outputs, torch.zeros(2, 3, 4), torch.full((2, 4), 1e-6))
    torch.testing.assert_close(found, truth, atol=1e-3, rtol=0)


def test_the_regression_falls_back_on_its_prior() -> None:
    prior = torch.rand(1, 3, 4)
    nothing = weighted_regression(torch.zeros(1, 9), torch.rand(1, 4, 9), torch.rand(1, 3, 9), prior, torch.ones(1, 4))
    torch.testing.assert_close(nothing, prior)


def test_evidence_separates_changes_that_explain_the_pairs_from_others() -> None:
    weights, before = torch.ones(2, 50), torch.full((2, 3, 50), 0.1)
    after = torch.stack([torch.zeros(3, 50), before[1]])
    total, unexplained, left = evidence(weights, before, after).unbind(1)
    torch.testing.assert_close(total.exp(), torch.full((2,), 50.0), rtol=1e-3, atol=0)
    assert left[0] < unexplained[0] - 7 and left[1] == unexplained[1]
    assert evidence(0 * weights, before, after).isfinite().all()


@pytest.mark.parametrize("mask", [torch.zeros(1, 1, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)], ids=["none", "all"])
def test_without_an_edge_nothing_changes(mask: torch.Tensor) -> None:
    reader, regression = EdgeReader().eval(), EdgeRegression(96, 8).eval()
    edges = edge_profiles(torch.rand(1, 3, SIDE, SIDE), mask)
    features, summary = reader(edges)
    assert summary.shape == (1, reader.outputs) and not summary.any()
    fit = regression(edges, features, torch.zeros(1, 8), torch.full((1, 3), 0.5))
    assert fit.summary.shape == (1, regression.solutions)
    torch.testing.assert_close(fit.transform, torch.zeros(1, 3, 5))
    torch.testing.assert_close(fit.agreement, torch.zeros(1))


def test_an_untrained_regression_undoes_a_change_of_light_where_colours_go_on_across_the_edge() -> None:
    torch.manual_seed(0)
    mask, real = disc(), smooth_picture()
    composite = torch.lerp(real, 0.6 * real + 0.1, mask)
    edges = edge_profiles(composite, mask)
    regression = EdgeRegression(96, 8).eval()
    mean = (composite * mask).sum((2, 3)) / mask.sum()
    gains, _, agreement = regression(edges, torch.zeros(1, 96, edges.profiles.shape[2]), torch.zeros(1, 8), mean)
    inside, truth = composite[0][:, mask[0, 0] > 0], real[0][:, mask[0, 0] > 0]
    changed = with_gains(inside, gains, mean)
    assert (changed - truth).abs().mean() < 0.75 * (inside - truth).abs().mean()
    assert agreement > 0.5


def with_gains(colours: torch.Tensor, gains: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Colours (3, n) with the gains, shifts and bends (1, 3, 5) of one object."""
    away = colours - mean.T
    return colours + gains[0, :, :3] @ away + gains[0, :, 3:4] + gains[0, :, 4:] * away**2


def test_a_parabola_undoes_what_a_tone_curve_did() -> None:
    places = torch.arange(SIDE) + 0.5 - SIDE / 2
    angle = torch.atan2(places[:, None], places)
    real = torch.stack([0.5 + 0.4 * torch.cos(angle + phase) for phase in (0, 1, 2)])[None]  # constant along each line
    mask = disc()
    composite = torch.lerp(real, real**2, mask)
    edges = edge_profiles(composite, mask)
    mean = (composite * mask).sum((2, 3)) / mask.sum()
    inside, truth = composite[0][:, mask[0, 0] > 0], real[0][:, mask[0, 0] > 0]
    errors = []
    for trust_in_flat_ones in (0.03, 1e6):
        torch.manual_seed(0)
        regression = EdgeRegression(96, 8).eval()
        regression.trust.bias.data.fill_(-6.0)  # so that nothing else holds it back
        regression.bend.bias.data[3:] = torch.tensor([trust_in_flat_ones, 0.1]).log()
        gains, *_ = regression(edges, torch.zeros(1, 96, edges.profiles.shape[2]), torch.zeros(1, 8), mean)
        errors.append((with_gains(inside, gains, mean) - truth).abs().mean())
    assert errors[0] < 0.9 * errors[1]


def test_the_reader_does_not_depend_on_the_rest_of_the_picture() -> None:
    torch.manual_seed(0)
    reader, mask, picture = EdgeReader().eval(), disc(), torch.rand(1, 3, SIDE, SIDE)
    before = reader(edge_profiles(picture, mask))[1]
    picture[..., :6, :6] = 0  # a corner, farther from the edge than any line reaches
    assert torch.equal(reader(edge_profiles(picture, mask))[1], before)
    picture[..., 32, 50] = 1 - picture[..., 32, 50]  # just outside the edge
    assert not torch.equal(reader(edge_profiles(picture, mask))[1], before)
