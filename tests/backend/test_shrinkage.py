"""Small changes shrink, large ones hardly, none stays none."""

from __future__ import annotations

import pytest
import torch

from backend.network.harmonizer import IDENTITY, transform_colours
from backend.shrinkage import HALF, shrink_small_changes


def brighter(steps: float) -> torch.Tensor:
    """Coefficients that add so many 8-bit steps."""
    coefficients = torch.tensor(IDENTITY)
    coefficients[3::4] += steps / 255
    return coefficients.view(12, 1, 1).repeat(1, 2, 2)


@pytest.mark.parametrize("steps", [0.0, 2.0, 10.0, 60.0])
def test_a_change_is_weighed_by_its_size(steps: float) -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[8:24, 8:24] = 1
    changed = transform_colours(composite[None], shrink_small_changes(brighter(steps), composite, mask)[None])[0]
    weight = steps**4 / (steps**4 + HALF**2)
    torch.testing.assert_close((changed - composite) * 255, torch.full_like(composite, weight * steps))


def test_only_the_object_s_change_counts() -> None:
    composite, mask = torch.full((3, 32, 32), 0.4), torch.zeros(32, 32)
    mask[:, :16] = 1
    coefficients = brighter(0.0)
    coefficients[3::4, :, 1] += 0.3  # beside the object
    far = mask.clone()
    far[:, 7:] = 0  # away from where the transforms mix
    shrunk = shrink_small_changes(coefficients, composite, far)
    torch.testing.assert_close(shrunk, brighter(0.0))
