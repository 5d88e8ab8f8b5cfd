"""The ablations: what differs between variants, and a run from training to table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from raiha.backend.network.harmonizer import Harmonizer, NetworkConfig
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.weights import save_network
from raiha.training.config import Stage, TrainingConfig, load_config
from raiha.training.evaluation.ablations import Laboratory, markdown_table, variants
from raiha.training.samples.recolour import standard_recipes

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
TINY = TrainingConfig(stages=(Stage(64, 8, 4),), reference_share=1.0, warmup_samples=4, network=NetworkConfig(width=32))


def test_variants_have_one_budget_and_differ() -> None:
    config = load_config(CONFIGS / "ablation.toml")
    made = variants(config)
    assert {variant.stages for variant, _ in made.values()} == {config.stages}
    assert len({(repr(variant), pretrained) for variant, pretrained in made.values()}) == len(made) == 9
    without_retrieved, _ = made["without retrieved references"]
    assert without_retrieved.augmented_share + without_retrieved.unrelated_share == 1


def test_each_head_is_trained_once_and_measured(packed: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = tmp_path / "start.safetensors"
    save_network(Harmonizer(TINY.network).state_dict(), TINY.network, InferenceSettings(), start, {})
    laboratory = Laboratory(packed, standard_recipes(None), start, tmp_path)
    measured = {}
    for head in ("affine", "dense"):
        config = replace(TINY, network=replace(TINY.network, head=head))
        checkpoint = laboratory.train(head, config)
        written = checkpoint.stat().st_mtime_ns
        assert laboratory.train(head, config).stat().st_mtime_ns == written
        measured[head] = laboratory.measure(config, checkpoint)
    columns = {"composite", "0", "1", "2", "4", "unrelated", "cut from the target"}
    assert set(measured["dense"]) == columns | {"light 0.7 to 0.8", "light 0.8 to 0.9"}
    assert measured["affine"]["composite"] == measured["dense"]["composite"] > 5
    lines = markdown_table(measured).splitlines()
    assert lines[2].startswith("| affine | ") and len(lines) == 4 and "composite" not in lines[0]
