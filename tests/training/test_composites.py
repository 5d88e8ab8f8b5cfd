"""Scenes to composites: what changes, and what must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import CONFIG, CONFIGS, sampler

from raiha.backend.evaluation import find_pairs
from raiha.backend.network.edge_profiles import edge_profiles
from raiha.training.config import load_config
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.evaluation.val_pairs import write_pairs
from raiha.training.samples.composites import Composer, CompositeSettings, Kind, scene_side
from raiha.training.samples.objects import Scene
from raiha.training.samples.recolour import flatten, make_vivid, standard_recipes
from raiha.training.trainer import Trainer

RECIPES = standard_recipes(None)


def scene(count: int = 6, references: int = 0) -> Scene:
    targets = torch.rand(count, 3, 12, 12, generator=generator())
    targets = torch.nn.functional.interpolate(targets, size=(48, 48), mode="bilinear")
    masks = torch.zeros(count, 1, 48, 48)
    masks[..., 12:36, 12:36] = 1
    repeated = targets.unsqueeze(1).repeat(1, references, 1, 1, 1) if references else None
    content = torch.zeros(count, references, 64, 3, 3) if references else None
    return Scene(targets, masks, repeated, content, (False, True)[:references])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def composer(*, restyled: float = 0.0, **shares: float) -> Composer:
    """Recolours every object, and keeps rims, but for the shares given."""
    return Composer(RECIPES, CompositeSettings(restyled=restyled, **shares))


def test_only_the_object_is_recoloured() -> None:
    before = scene()
    after, composites = composer().compose(before, generator())
    assert torch.equal(after.targets, before.targets)
    torch.testing.assert_close(composites * (1 - after.masks), before.targets * (1 - after.masks), atol=2 / 255, rtol=0)
    assert ((composites - before.targets).abs() * after.masks).amax((1, 2, 3)).gt(0.01).sum() >= 4


def test_a_scene_changes_as_a_whole_with_its_references() -> None:
    for made in (composer(restyled=1.0), composer(flat=1.0), composer(graded=1.0)):
        before = scene(references=2)
        after, _ = made.compose(before, generator())
        assert after.references is not None
        assert not torch.allclose(after.targets, before.targets, atol=0.01)
        torch.testing.assert_close(after.references[:, 1], after.targets)
        torch.testing.assert_close(after.references[:, 0], before.targets)  # an unrelated photo has its own light


def test_objects_may_be_grainier_than_their_scene() -> None:
    plain, grainy = (composer(grain=share).compose(scene(), generator()) for share in (0.0, 1.0))
    added = grainy[1] - plain[1]
    assert not (added * (1 - plain[0].masks)).any()
    inside = added[..., 12:36, 12:36]
    assert 0.001 < inside.std() < 0.03 and inside.mean().abs() < 0.002


def test_a_run_s_settings_reach_its_composites(packed: Path) -> None:
    config = load_config(CONFIGS / "3_larger.toml")
    settings = config.composites
    assert (settings.flat, settings.vivid, settings.jpeg, settings.restyled) == (0.2, 0.15, 0.75, 0.6)
    assert Trainer(replace(CONFIG, composites=settings), sampler(packed), RECIPES).composer.settings is settings


def test_a_flat_scene_keeps_an_object_that_is_retouched() -> None:
    before = scene()
    after, composites = composer(flat=1.0).compose(before, generator())
    inside = after.masks.bool().expand_as(composites)
    contrast = composites[inside].std() / after.targets[inside].std()
    assert contrast > 1.1 and composites[inside].mean() > after.targets[inside].mean()


def test_composites_can_be_as_files_keep_them_while_targets_stay() -> None:
    plain, saved = (composer(jpeg=share).compose(scene(), generator()) for share in (0.0, 1.0))
    assert torch.equal(plain[0].targets, saved[0].targets)
    assert not torch.equal(saved[1], plain[1])
    torch.testing.assert_close(saved[1].mean((1, 2, 3)), plain[1].mean((1, 2, 3)), atol=0.01, rtol=0)


def test_a_hard_mask_cuts_through_a_soft_picture() -> None:
    before = scene()
    soft = torch.nn.functional.avg_pool2d(before.masks, 5, stride=1, padding=2)
    before = replace(before, masks=soft)
    after, composites = composer(hard_masks=1.0).compose(before, generator())
    assert torch.equal(after.masks, (soft > 0.5).float())
    outside = (after.masks == 0).expand_as(composites)
    assert ((composites - after.targets).abs()[outside] < 0.003).all()  # 8-bit steps


def test_scenes_have_more_pixels_than_a_small_network_sees() -> None:
    assert scene_side(128) == scene_side(192) == 192 and scene_side(320) == 320
    pairs = composer().pairs(scene(), 48, generator())
    assert torch.equal(pairs.composites, composer().compose(scene(), generator())[1])


def test_objects_are_duller_than_a_vivid_scene() -> None:
    before = scene(64)
    after, composites = Composer(RECIPES[:1], CompositeSettings(restyled=0.0, vivid=1.0)).compose(before, generator())
    assert not torch.equal(after.targets, before.targets)
    spread = [pictures.std(1).mean() for pictures in (before.targets, after.targets)]
    assert spread[1] > 1.1 * spread[0]
    inside = after.masks.bool().expand_as(composites)
    assert composites.std(1, keepdim=True).expand_as(composites)[inside].mean() < 0.98 * spread[1]


def test_vivid_photos_are_brighter_and_more_saturated() -> None:
    photos = scene(16).targets
    vivid = make_vivid(photos, generator())
    assert vivid.mean() > photos.mean() and vivid.std(1).mean() > photos.std(1).mean()
    assert vivid.min() >= 0 and vivid.max() <= 1


def test_flattening_darkens_and_pales() -> None:
    photos = scene(16).targets
    flat = flatten(photos, generator())
    assert flat.mean() < photos.mean() and flat.std() < photos.std()
    assert flat.min() >= 0 and flat.max() <= 1


def test_val_pairs_are_what_raiha_evaluate_reads(packed: Path, tmp_path: Path) -> None:
    pack = PhotoPack.load(packed / "pack_96")
    write_pairs(pack, composer(restyled=0.5), tmp_path, 2)
    pairs = find_pairs(tmp_path)
    assert len(pairs) == 2
    for pair in pairs:
        composite, mask, real = (np.asarray(Image.open(file)) for file in (pair.composite, pair.mask, pair.real))
        assert composite.shape == real.shape == (*mask.shape, 3)
        difference = np.abs(composite.astype(int) - real)
        assert difference[mask > 127].mean() > difference[mask < 128].mean()


def test_pairs_are_reduced_and_their_edges_read_before() -> None:
    pairs = composer().pairs(scene(references=2), 24, generator())
    larger, composites = composer().compose(scene(references=2), generator())
    assert pairs.composites.shape == pairs.scene.targets.shape == (6, 3, 24, 24)
    assert pairs.scene.masks.shape == (6, 1, 24, 24)
    assert pairs.scene.references is not None and larger.references is not None
    torch.testing.assert_close(pairs.scene.references[:, 1], pairs.scene.targets)
    small = torch.nn.functional.interpolate(composites, (24, 24), mode="bilinear", antialias=True)
    torch.testing.assert_close(pairs.composites, small)
    around = torch.nn.functional.avg_pool2d(composites, 4, stride=2, padding=1, count_include_pad=False)
    torch.testing.assert_close(pairs.composites, around, atol=0.1, rtol=0)  # the same places, by another average
    assert pairs.edges is not None
    assert torch.equal(pairs.edges.profiles, edge_profiles(composites, larger.masks).profiles)


def change_of(after: Scene, composites: torch.Tensor) -> torch.Tensor:
    """Mean difference of each object (B,) from its target."""
    return ((composites - after.targets).abs() * after.masks).sum((1, 2, 3)) / after.masks.sum((1, 2, 3)) / 3


def test_kinds_are_drawn_by_their_shares() -> None:
    settings = CompositeSettings(fitting=0.1, flat=0.1, graded=0.4, retouched=0.2)
    assert len(settings.kinds) == len(Kind) and sum(settings.kinds) == pytest.approx(1)
    kinds = Composer(RECIPES, settings)._kinds(4000, generator())
    counts = torch.bincount(kinds, minlength=len(Kind)) / 4000
    torch.testing.assert_close(counts, torch.tensor(settings.kinds), atol=0.03, rtol=0)


def test_a_fitting_object_is_left_alone() -> None:
    before = scene()
    after, composites = composer(fitting=1.0).compose(before, generator())
    assert torch.equal(after.targets, before.targets)
    assert change_of(after, composites).max() < 0.003


def test_a_graded_scene_keeps_the_good_object() -> None:
    before = scene(32)
    after, composites = composer(graded=1.0).compose(before, generator())
    outside = 1 - after.masks
    assert ((after.targets - before.targets).abs() * outside).mean() > 0.02  # the whole photo is graded
    torch.testing.assert_close(composites * outside, after.targets * outside, atol=0.003, rtol=0)
    kept = ((composites - before.targets).abs() * after.masks).sum() / after.masks.sum() / 3
    assert kept < 0.5 * change_of(after, composites).mean()


@pytest.mark.parametrize("kind", ["retouched", "reversed"])
def test_the_scene_stays_where_the_object_is_retouched_or_graded(kind: str) -> None:
    before = scene(16)
    after, composites = composer(**{kind: 1.0}).compose(before, generator())
    assert torch.equal(after.targets, before.targets)
    assert (change_of(after, composites) > 0.005).float().mean() > 0.7


def test_what_is_cut_out_has_neither_rim_and_a_soft_mask() -> None:
    before = scene(8)
    marked = before.targets.clone()
    marked[..., 8:40, 8:12] = 1.0  # a rim of the object that its mask leaves out
    after, composites = composer(cut_out=1.0).compose(replace(before, targets=marked), generator())
    assert ((after.masks > 0) & (after.masks < 1)).any()
    assert (after.masks.sum((1, 2, 3)) < before.masks.sum((1, 2, 3))).all()
    assert (composites[..., 16:32, 11] < 0.99).all() and (after.targets[..., 16:32, 11] < 0.99).all()
    outside = (after.masks == 0).expand_as(composites)
    away = outside.clone()
    away[..., 6:42, 6:42] = False  # fringes end near the object
    torch.testing.assert_close(composites[away], after.targets[away], atol=0.003, rtol=0)
