"""Samples that were drawn ahead: what is kept of them, and training on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import CONFIG, sampler

from raiha.backend.network.edge_lines import OFFSETS, PROFILE_CHANNELS
from raiha.backend.network.edge_profiles import EdgeProfiles, edge_profiles
from raiha.gallery_tools.extractors.torch_extractor import load_torch_extractor
from raiha.training.config import Stage
from raiha.training.samples.composites import Composer, CompositeSettings, scene_side
from raiha.training.samples.drawn_samples import DrawnSampler, draw_samples
from raiha.training.samples.recolour import standard_recipes
from raiha.training.trainer import Trainer

RECIPES = standard_recipes(None)


@pytest.fixture(scope="module")
def drawn(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    composer, extractor = Composer(RECIPES, CompositeSettings(restyled=0.0)), load_torch_extractor("bundled")
    draw_samples(sampler(packed), composer, extractor, folder, 20, 64, 0)
    return folder


def loaded(folder: Path) -> DrawnSampler:
    return DrawnSampler.load([folder], torch.Generator().manual_seed(0))


def test_whole_batches_are_kept_as_they_were_drawn(packed: Path, drawn: Path) -> None:
    composer = Composer(RECIPES, CompositeSettings(restyled=0.0))
    scene, composites = composer.compose(sampler(packed).draw(32, scene_side(64)), torch.Generator().manual_seed(0))
    part = loaded(drawn).parts[0]
    assert len(part["present"]) == 32
    small = torch.nn.functional.interpolate(composites, (64, 64), mode="bilinear", antialias=True)
    torch.testing.assert_close(torch.from_numpy(part["composites"].copy()) / 255, small, atol=0.003, rtol=0)
    profiles = edge_profiles(composites, scene.masks).profiles  # of the larger pictures
    torch.testing.assert_close(torch.from_numpy(part["profiles"].copy()) / 127.5 - 1, profiles, atol=0.005, rtol=0)


def test_another_tone_changes_composites_targets_and_edges_alike(drawn: Path) -> None:
    one = loaded(drawn)
    grey = torch.full((8, 3, 4, 4), 0.3)
    edges = EdgeProfiles(torch.full((8, PROFILE_CHANNELS, 6), 2 * 0.3 - 1), torch.ones(8, dtype=torch.bool))
    composites, targets, retoned = one._retoned(grey, grey, edges)
    assert torch.equal(composites, targets)
    assert 0 < (composites != grey).flatten(1).any(1).sum() < 8
    seen = composites[:, :, :1, 0].unsqueeze(3).expand(-1, -1, len(OFFSETS), 6)
    torch.testing.assert_close(retoned.colours, seen)
    others = 3 * len(OFFSETS)  # the mask, and what lies in the picture
    assert torch.equal(retoned.profiles[:, others:], edges.profiles[:, others:])


def test_a_stage_of_another_size_is_refused(drawn: Path) -> None:
    with pytest.raises(ValueError, match="64 px"):
        loaded(drawn).draw(4, 128)


def test_training_on_them_reads_neither_content_nor_edges_again(
    packed: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CONFIG, stages=(Stage(64, 16, 4),), drawn_share=1.0)
    one = sampler(packed)
    trainer = Trainer(config, one, RECIPES, ready=[(DrawnSampler.load([drawn], one.generator), 1.0)])
    monkeypatch.setattr(one, "draw", None)
    monkeypatch.setattr(trainer.extractor, "maps", None)
    monkeypatch.setattr("raiha.backend.network.harmonizer.edge_profiles", None)
    before = trainer.network.global_head.bias.clone()
    assert trainer.step() > 0
    assert not torch.equal(trainer.network.global_head.bias, before)
