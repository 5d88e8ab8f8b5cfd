"""fPSNR, and SSIM that is computed around the mask only."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from raiha.backend.evaluation import measure
from raiha.training.evaluation.measures import measure_all


@pytest.mark.parametrize("place", [(0, 0), (60, 70), (74, 95), (30, 2)])
def test_ssim_is_that_of_the_whole_picture(place: tuple[int, int]) -> None:
    numbers = np.random.default_rng(1)
    real = numbers.integers(0, 256, (80, 100, 3), dtype=np.uint8)
    image, mask = real.copy(), np.zeros((80, 100), bool)
    mask[place[0] : place[0] + 9, place[1] : place[1] + 13] = True
    image[mask] //= 2
    whole = structural_similarity(
        image, real, data_range=255, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    outside = np.where(mask[..., None], image, 255 - image)  # which does not count
    assert measure_all(outside, real, mask)["ssim"] == pytest.approx(whole, abs=1e-6)


def test_the_other_measures_are_those_of_the_command() -> None:
    real = np.zeros((20, 20, 3), np.uint8)
    image, mask = real.copy(), np.zeros((20, 20), bool)
    mask[:5, :4] = True
    image[mask] = 10
    measures = measure_all(image, real, mask)
    assert {key: measures[key] for key in ("psnr", "mse", "fmse")} == measure(image, real, mask)
    assert measures["fpsnr"] == pytest.approx(10 * np.log10(255**2 / 100))
    assert measure_all(real, real, mask) == {"psnr": 100, "mse": 0, "fmse": 0, "fpsnr": 100, "ssim": 1}
