"""Composites out of two exposures of a scene."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import CONFIG, calls_of, sampler

from raiha.training.samples.composites import Composer, CompositeSettings, scene_side
from raiha.training.samples.exposures import ExposureSampler
from raiha.training.samples.recolour import standard_recipes
from raiha.training.trainer import Trainer

RECIPES = standard_recipes(None)
COMPOSER = Composer(RECIPES, CompositeSettings())


@pytest.fixture()
def lit(tmp_path: Path) -> Path:
    """Two scenes of one grey each in two and three exposures; the second scene is of the val split."""
    lines = []
    for scene, levels in enumerate(([60, 90], [150, 190, 230])):
        files = [f"{scene}_{level}.png" for level in levels]
        for file, level in zip(files, levels, strict=True):
            Image.fromarray(np.full((30, 40, 3), level, np.uint8)).save(tmp_path / file)
        lines.append(json.dumps({"files": files, "split": "val" if scene else "train"}))
    (tmp_path / "light.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_object_and_scene_are_of_two_exposures(packed: Path, lit: Path) -> None:
    for validation, levels in ((False, {60, 90}), (True, {150, 190, 230})):
        pairs = ExposureSampler(lit, sampler(packed), COMPOSER, 64, validation=validation).draw(12, 192)
        scene, composites = pairs.scene, pairs.composites
        assert scene.references is None and composites.shape == (12, 3, 192, 192)
        for target, composite, mask in zip(scene.targets, composites, scene.masks, strict=True):
            around, pasted = (
                round(255 * one[:, mask[0] == inside].mean().item()) for one, inside in ((target, 0), (composite, 1))
            )
            assert {around, pasted} <= levels and around != pasted
            torch.testing.assert_close(composite[:, mask[0] == 0], target[:, mask[0] == 0])


def test_their_objects_are_cut_out_as_others_are(packed: Path, lit: Path) -> None:
    composer = Composer(RECIPES, CompositeSettings(cut_out=1.0))
    pairs = ExposureSampler(lit, sampler(packed), composer, 64).draw(12, 192)
    edge = (pairs.scene.masks > 0) & (pairs.scene.masks < 1)
    assert edge.flatten(1).any(1).float().mean() > 0.5  # as soft as a lasso's, where the masks drawn are hard


def test_a_run_may_draw_them(packed: Path, lit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sampler(packed)
    trainer = Trainer(CONFIG, one, RECIPES, ready=[(ExposureSampler(lit, one, COMPOSER, 64), 1.0)])
    seen = calls_of(trainer.network, "scene_features", monkeypatch)
    trainer.step()
    assert set((255 * seen[0][0]).round().unique().int().tolist()) >= {60, 90}
    assert trainer.samples == 4


def test_their_edges_are_read_before_they_are_reduced_as_those_of_other_composites(packed: Path, lit: Path) -> None:
    small, large = (ExposureSampler(lit, sampler(packed), COMPOSER, 64).draw(4, side) for side in (64, 192))
    assert scene_side(64) == 192 and small.composites.shape == (4, 3, 64, 64)
    assert small.edges is not None and large.edges is not None
    assert torch.equal(small.edges.profiles, large.edges.profiles)
    files = ExposureSampler(lit, sampler(packed), Composer(RECIPES, CompositeSettings(jpeg=1.0)), 64).draw(4, 192)
    assert torch.equal(files.scene.masks, large.scene.masks)
    assert not torch.equal(files.composites, large.composites)
