"""Small changes are scaled down, and those that the edge does not support; no change stays no change."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.network.inference_settings import ConfidenceSettings
from raiha.backend.pipeline.confidence import confidence, scale_by_confidence

SETTINGS = ConfidenceSettings()


def brighter(steps: float) -> torch.Tensor:
    """Coefficients that add so many 8-bit steps."""
    coefficients = torch.tensor(IDENTITY)
    coefficients[3::5] += steps / 255
    return coefficients.view(15, 1, 1).repeat(1, 2, 2)


@pytest.mark.parametrize("steps", [0.0, 2.0, 10.0, 60.0])
def test_a_change_is_weighed_by_its_size(steps: float) -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[8:24, 8:24] = 1
    scaled = scale_by_confidence(brighter(steps), composite, mask, 0.6, SETTINGS)
    changed = transform_colours(composite[None], scaled[None])[0]
    wanted = confidence(steps**2, 0.6, SETTINGS) * steps
    torch.testing.assert_close((changed - composite) * 255, torch.full_like(composite, wanted), atol=1e-3, rtol=0)


def test_large_changes_and_those_that_the_edge_supports_stay() -> None:
    def kept(change: float, agreement: float) -> float:
        return confidence(change, agreement, SETTINGS)

    assert kept(900.0, 1.5) > 0.99 and SETTINGS.floor < kept(2.0, 0.0) < SETTINGS.floor + 0.002
    assert kept(100.0, 0.2) < kept(1000.0, 0.2) and kept(100.0, 0.2) < kept(100.0, 1.0)
    assert kept(0.0, -200.0) == SETTINGS.floor and kept(1e9, 200.0) == 1


def test_the_numbers_are_those_of_the_checkpoint() -> None:
    for name, less in {"change": 1.0, "agreement": 4.0, "intercept": -12.0, "floor": 0.0}.items():
        assert confidence(20.0, 0.5, replace(SETTINGS, **{name: less})) < confidence(20.0, 0.5, SETTINGS)
    assert confidence(0.0, 0.0, replace(SETTINGS, floor=1.0)) == 1


def test_only_the_object_s_change_counts() -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[:, :16] = 1
    coefficients = brighter(0.0)
    coefficients[3::5, :, 1] += 0.3  # beside the object
    far = mask.clone()
    far[:, 7:] = 0  # away from where the transforms mix
    scaled = scale_by_confidence(coefficients, composite, far, 0.0, SETTINGS)
    wanted = torch.lerp(brighter(0.0), coefficients, confidence(0.0, 0.0, SETTINGS))
    torch.testing.assert_close(scaled, wanted, atol=1e-5, rtol=0)
