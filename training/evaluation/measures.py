"""Compute the measures of the literature: those of ``raiha evaluate``, and fPSNR and SSIM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from raiha.backend.evaluation import Measures, measure, psnr

_RADIUS = 5  # pixels that SSIM's Gaussian window of 11 x 11 reaches


def measure_all(image: NDArray[np.uint8], real: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Measures:
    """Compare an image with the real one by every measure.

    Args:
        image: (H, W, 3) uint8; only its masked pixels count, the others are taken to be the real ones.
        real: (H, W, 3) uint8, H and W at least 11.
        mask: (H, W) bool, True = foreground; somewhere True.

    Returns:
        psnr and fpsnr (dB, at most 100), mse and fmse (squared 8-bit steps), and ssim (at most 1).
    """
    measures = measure(image, real, mask)
    return {**measures, "fpsnr": psnr(measures["fmse"]), "ssim": _ssim(image, real, mask)}


def _ssim(image: NDArray[np.uint8], real: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Return the mean SSIM of Wang et al. (2004), the mean of the three channels.

    It is 1 beyond the window's reach of the mask, so only the mask's surroundings are computed: for a large picture
    the whole map would take hundreds of megabytes.
    """
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    top, bottom = _span(rows, height)
    left, right = _span(columns, width)
    box = slice(top, bottom), slice(left, right)
    pasted = np.where(mask[box][..., None], image[box], real[box]).astype(np.float32)
    _, similarity = structural_similarity(
        pasted,
        real[box].astype(np.float32),
        data_range=255,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    # As the original does, places whose window leaves the picture do not count.
    inner_rows = slice(max(0, _RADIUS - top), height - _RADIUS - top)
    inner_columns = slice(max(0, _RADIUS - left), width - _RADIUS - left)
    lost = (1 - similarity[inner_rows, inner_columns]).sum(dtype=np.float64)
    return float(1 - lost / (3 * (height - 2 * _RADIUS) * (width - 2 * _RADIUS)))


def _span(places: NDArray[np.intp], length: int) -> tuple[int, int]:
    """Return begin and end of the places with room for two windows, so that SSIM is exact wherever it is not 1."""
    room = 2 * _RADIUS + 1
    return max(0, int(places.min()) - room), min(length, int(places.max()) + 1 + room)
