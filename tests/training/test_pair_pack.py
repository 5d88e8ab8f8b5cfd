"""Packed pairs and the windows drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_iharmony4 import SIZE, build_iharmony4, write_root_lists

from raiha.training.data.iharmony4 import read_split
from raiha.training.data.pair_pack import PairPack, build_pairs
from raiha.training.samples.object_windows import windows_around
from raiha.training.samples.pairs import PairSampler

SIDE = 64


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> PairPack:
    root = tmp_path_factory.mktemp("iharmony4")
    build_iharmony4(root)
    write_root_lists(root)
    build_pairs(read_split(root, "train"), root / "pack", SIDE, val_share=0.4)
    return PairPack.load(root / "pack")


def test_photos_and_masks_are_packed_once_and_composites_fit_them(pack: PairPack) -> None:
    assert len(pack.composites) == len(pack.composite_masks) == 5
    assert len(pack.photos.names) == len(pack.photos.masks) == 4  # two composites of HAdobe5k share a photo and mask
    assert pack.composite_masks.tolist() == [0, 0, 1, 2, 3]
    height, width = SIZE
    for composite, mask_number in zip(pack.composites, pack.composite_masks, strict=True):
        real = pack.photos.photos[pack.photos.owners[mask_number]]
        outside = pack.photos.masks[mask_number] == 0
        assert (composite[:, outside] == real[:, outside]).all()
        assert (composite[:, ~outside] < real[:, ~outside]).all()
        assert (composite[:, height:] == 0).all() and composite[:, :height, :width].any()


def test_windows_show_the_same_place_of_target_mask_and_composite(pack: PairPack) -> None:
    sampler = PairSampler(pack, torch.Generator().manual_seed(3), validation=False)
    drawn = sampler.draw(16, 64)
    targets, masks = drawn.scene.targets, drawn.scene.masks
    assert targets.shape == drawn.composites.shape == (16, 3, 64, 64) and masks.shape == (16, 1, 64, 64)
    assert (masks.amax((1, 2, 3)) > 0.999).all()
    outside, inside = (masks == 0).expand_as(targets), (masks > 0.999).expand_as(targets)
    torch.testing.assert_close(drawn.composites[outside], targets[outside])
    ratio = drawn.composites[inside] / targets[inside]
    assert ((ratio - 0.75).abs().lt(0.02) | (ratio - 0.5).abs().lt(0.02)).all()


def test_the_same_state_draws_the_same_and_splits_share_no_photo(pack: PairPack) -> None:
    first, second = (PairSampler(pack, torch.Generator().manual_seed(5), validation=False) for _ in range(2))
    first.draw(2, 64)
    second.generator.set_state(first.generator.get_state())
    assert torch.equal(first.draw(4, 64).composites, second.draw(4, 64).composites)
    owners = [
        set(
            pack.photos.owners[
                pack.composite_masks[PairSampler(pack, torch.Generator().manual_seed(0), validation=val).pairs]
            ]
        )
        for val in (False, True)
    ]
    assert owners[0] and owners[1] and not owners[0] & owners[1]


def test_a_split_without_pairs_is_told(pack: PairPack) -> None:
    only = PairPack(pack.photos, pack.composites[:0], pack.composite_masks[:0])
    with pytest.raises(ValueError, match="holds no pairs"):
        PairSampler(only, torch.Generator().manual_seed(0), validation=False)


def test_windows_hold_their_objects() -> None:
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(500, 2, generator=generator) * 0.8
    boxes = torch.cat([low, low + 0.02 + torch.rand(500, 2, generator=generator) * (0.98 - low)], 1)
    sizes = torch.tensor([[200.0, 300.0]]).expand(500, 2)
    windows = windows_around(boxes, sizes, 1.1, 4.0, generator)
    begin, end = windows.centres - windows.extents / 2, windows.centres + windows.extents / 2
    assert (begin >= -1e-6).all() and (end <= 1 + 1e-6).all()
    assert (begin <= boxes[:, :2] + 1e-6).all() and (end >= boxes[:, 2:] - 1e-6).all()
    assert np.isclose(windows.mirrored.float().mean(), 0.5, atol=0.1)
