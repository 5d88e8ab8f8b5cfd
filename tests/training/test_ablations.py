"""The ablations: what differs between variants, and a run from training to table."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raiha.backend.network.colour_transform import IDENTITY
from raiha.backend.network.edge_profiles import edge_profiles
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import save_network
from raiha.training.config import Stage, TrainingConfig, load_config
from raiha.training.evaluation.ablated_networks import DenseHead, WithoutContent, WithoutEdges
from raiha.training.evaluation.ablations import Laboratory, Variant, markdown_table, variants
from raiha.training.samples.recolour import standard_recipes

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
TINY = TrainingConfig(stages=(Stage(64, 8, 4),), reference_share=1.0, warmup_samples=4, network=NetworkConfig(width=32))


def test_variants_have_one_budget_and_differ() -> None:
    config = load_config(CONFIGS / "ablation.toml")
    made = variants(config)
    assert {variant.config.stages for variant in made.values()} == {config.stages}
    assert len({repr(variant) for variant in made.values()}) == len(made) == 9
    without_retrieved = made["without retrieved references"].config
    assert without_retrieved.augmented_share + without_retrieved.unrelated_share == 1


def trained_like(network_type: type[Harmonizer]) -> Harmonizer:
    """Return a network whose heads and edge reader count; all types get the same weights."""
    torch.manual_seed(0)
    network = network_type(TINY.network)
    for layer in (network.head, network.global_head, network.edge_regression.prior):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return network.eval()


def inputs() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    mask = torch.zeros(2, 1, 64, 64)
    mask[:, :, 16:48, 16:48] = 1
    return {
        "composite": torch.rand(2, 3, 64, 64),
        "mask": mask,
        "content": torch.randn(2, 64, 4, 4),
        "references": torch.rand(2, 1, 3, 64, 64),
        "reference_contents": torch.randn(2, 1, 64, 4, 4),
    }


@pytest.mark.parametrize("network_type", [Harmonizer, WithoutContent])
def test_content_features_are_ignored_by_the_variant_alone(network_type: type[Harmonizer]) -> None:
    network, given = trained_like(network_type), inputs()
    changed = {**given, **{name: torch.randn_like(given[name]) for name in ("content", "reference_contents")}}
    same = torch.equal(network(**given), network(**changed))
    assert same == (network_type is WithoutContent)


def test_the_dense_head_only_shifts_colours() -> None:
    coefficients = trained_like(DenseHead)(**inputs())
    change = (coefficients - torch.tensor(IDENTITY).view(1, -1, 1, 1)).unflatten(1, (3, 5))
    assert change[:, :, 3].abs().max() > 1e-3
    change[:, :, 3] = 0
    assert not change.any()
    whole = trained_like(Harmonizer)(**inputs()).unflatten(1, (3, 5))
    assert (whole[:, :, :3] - torch.eye(3)[None, :, :, None, None]).abs().max() > 1e-3


@pytest.mark.parametrize("network_type", [Harmonizer, WithoutEdges])
def test_the_edge_is_ignored_by_the_variant_alone(network_type: type[Harmonizer]) -> None:
    network, given = trained_like(network_type), inputs()
    edges = edge_profiles(given["composite"], given["mask"])
    other = edges.recoloured(1 - edges.colours)
    same = torch.equal(network(**given, edges=edges), network(**given, edges=other))
    assert same == (network_type is WithoutEdges)


@pytest.mark.slow
def test_each_network_is_trained_once_and_measured(packed: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = tmp_path / "start.safetensors"
    save_network(Harmonizer(TINY.network).state_dict(), TINY.network, InferenceSettings(), start, {})
    laboratory = Laboratory(packed, standard_recipes(None), start, tmp_path)
    measured = {}
    for network_type in (Harmonizer, DenseHead, WithoutEdges):
        variant, name = Variant(TINY, network_type), network_type.__name__
        checkpoint = laboratory.train(name, variant)
        written = checkpoint.stat().st_mtime_ns
        assert laboratory.train(name, variant).stat().st_mtime_ns == written
        measured[name] = laboratory.measure(TINY, variant, checkpoint)
    columns = {"composite", "0", "1", "2", "4", "unrelated", "cut from the target"}
    assert set(measured["DenseHead"]) == columns | {"light 0.7 to 0.8", "light 0.8 to 0.9"}
    assert len({figures["composite"] for figures in measured.values()}) == 1
    assert measured["Harmonizer"]["composite"] > 5
    lines = markdown_table(measured).splitlines()
    assert lines[2].startswith("| Harmonizer | ") and len(lines) == 5 and "composite" not in lines[0]
