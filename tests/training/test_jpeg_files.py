"""Composites as JPEG files keep them, beside what libjpeg writes and reads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from raiha.training.samples.jpeg_files import read_back, saved_as_jpeg

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "photos"


def photos(height: int, width: int) -> Tensor:
    files = sorted(SAMPLES.glob("*.jpg"))[:4]
    pixels = [np.asarray(Image.open(file).convert("RGB").resize((width, height))) for file in files]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2) / 255


def by_libjpeg(picture: Tensor, quality: int) -> Tensor:
    file = io.BytesIO()
    pixels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(file) as opened:
        return torch.from_numpy(np.array(opened)).permute(2, 0, 1) / 255


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_it_loses_what_libjpeg_loses(quality: int) -> None:
    whole = photos(96, 128)
    ours = read_back(whole, torch.full((len(whole),), float(quality)))
    theirs = torch.stack([by_libjpeg(one, quality) for one in whole])
    lost, apart = ((one - theirs).square().mean().sqrt() * 255 for one in (whole, ours))
    assert apart < 1.5 and apart < lost / 2  # what is left is rounding


def test_each_picture_has_its_own_quality_and_any_size() -> None:
    whole = photos(50, 37)
    together = read_back(whole, torch.tensor([70.0, 80.0, 90.0, 98.0]))
    assert together.shape == whole.shape
    torch.testing.assert_close(together[2:3], read_back(whole[2:3], torch.tensor([90.0])))
    losses = (together - whole).square().mean((1, 2, 3))
    assert losses[0] > losses[3]


def test_a_share_of_the_pictures_is_saved() -> None:
    whole = photos(32, 32).repeat(16, 1, 1, 1)
    saved = saved_as_jpeg(whole, 0.5, torch.Generator().manual_seed(0))
    changed = (saved != whole).flatten(1).any(1)
    assert 16 < changed.sum() < 48
    assert torch.equal(saved_as_jpeg(whole, 0.0, torch.Generator()), whole)
