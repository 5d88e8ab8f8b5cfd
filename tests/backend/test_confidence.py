"""Small changes shrink, and those that the edge does not agree with; none stays none."""

from __future__ import annotations

import pytest
import torch

from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.pipeline.confidence import LEAST, shrink_doubtful_changes, weight_of


def brighter(steps: float) -> torch.Tensor:
    """Coefficients that add so many 8-bit steps."""
    coefficients = torch.tensor(IDENTITY)
    coefficients[3::5] += steps / 255
    return coefficients.view(15, 1, 1).repeat(1, 2, 2)


@pytest.mark.parametrize("steps", [0.0, 2.0, 10.0, 60.0])
def test_a_change_is_weighed_by_its_size(steps: float) -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[8:24, 8:24] = 1
    changed = transform_colours(composite[None], shrink_doubtful_changes(brighter(steps), composite, mask, 0.6)[None])[
        0
    ]
    wanted = weight_of(steps**2, 0.6) * steps
    torch.testing.assert_close((changed - composite) * 255, torch.full_like(composite, wanted), atol=1e-3, rtol=0)


def test_large_changes_and_those_that_the_edge_agrees_with_stay() -> None:
    assert weight_of(900.0, 1.5) > 0.99 and LEAST < weight_of(2.0, 0.0) < LEAST + 0.002
    assert weight_of(100.0, 0.2) < weight_of(1000.0, 0.2) and weight_of(100.0, 0.2) < weight_of(100.0, 1.0)
    assert weight_of(0.0, -200.0) == LEAST and weight_of(1e9, 200.0) == 1


def test_only_the_object_s_change_counts() -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[:, :16] = 1
    coefficients = brighter(0.0)
    coefficients[3::5, :, 1] += 0.3  # beside the object
    far = mask.clone()
    far[:, 7:] = 0  # away from where the transforms mix
    shrunk = shrink_doubtful_changes(coefficients, composite, far, 0.0)
    wanted = torch.lerp(brighter(0.0), coefficients, weight_of(0.0, 0.0))
    torch.testing.assert_close(shrunk, wanted, atol=1e-5, rtol=0)
