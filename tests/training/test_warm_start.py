"""What networks of another shape take over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from raiha.backend.network.harmonizer import Harmonizer, NetworkConfig
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.weights import save_network
from raiha.training.samples.recolour import standard_recipes
from raiha.training.trainer import Trainer
from raiha.training.warm_start import inherited
from tests.training.test_train import CONFIG, sampler

CONFIG_32 = NetworkConfig(width=32)


def test_variants_inherit_what_they_share() -> None:
    torch.manual_seed(0)
    start = Harmonizer(CONFIG_32)
    torch.nn.init.normal_(start.global_head.bias)
    plain = Harmonizer(replace(CONFIG_32, semantic=False, edges=False, head="dense"))
    anew = plain.encoder.mark.weight.clone().fill_(0.5)
    plain.encoder.mark.weight.data.copy_(anew)
    state = inherited(start.state_dict(), plain, encoder=False)
    assert torch.equal(state["fusion.query.weight"], start.fusion.query.weight[:, :35])
    assert torch.equal(state["global_head.bias"], start.global_head.bias[9:])
    assert torch.equal(state["encoder.mark.weight"], anew)
    plain.load_state_dict(state)
    assert torch.equal(inherited(start.state_dict(), plain)["encoder.mark.weight"], start.encoder.mark.weight)


def test_new_inputs_stand_last_and_count_nothing_at_first() -> None:
    network = Harmonizer(CONFIG_32)
    trained = network.state_dict()
    trained["with_edge.0.weight"] = trained["with_edge.0.weight"][:, :-2]
    taken = inherited(trained, network)["with_edge.0.weight"]
    assert torch.equal(taken[:, :-2], trained["with_edge.0.weight"]) and not taken[:, -2:].any()


def test_a_run_begins_from_a_checkpoint_and_what_that_lacks_begins_anew(packed: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    narrow = replace(CONFIG.network, scene_width=64)
    start = Harmonizer(narrow)
    save_network(start.state_dict(), narrow, InferenceSettings(), tmp_path / "start.safetensors", {})
    trainer = Trainer(CONFIG, sampler(packed), standard_recipes(None), start=tmp_path / "start.safetensors")
    begun = trainer.network.state_dict()
    torch.testing.assert_close(begun["fusion.key.weight"], start.fusion.key.weight.data, atol=1e-3, rtol=1e-3)
    assert begun["global_head.weight"].shape[1] == CONFIG.network.scene_width
    assert trainer.step() > 0
