"""What networks of another shape take over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from tiny_run import CONFIG, sampler

from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import save_network
from raiha.training.samples.recolour import standard_recipes
from raiha.training.trainer import Trainer
from raiha.training.warm_start import inherited

CONFIG_32 = NetworkConfig(width=32)


def test_an_encoder_from_scratch_stays_and_the_rest_is_inherited() -> None:
    torch.manual_seed(0)
    start, network = Harmonizer(CONFIG_32), Harmonizer(CONFIG_32)
    torch.nn.init.normal_(start.global_head.bias)
    torch.nn.init.constant_(network.encoder.mark.weight, 0.5)
    anew = network.encoder.mark.weight.clone()
    state = inherited(start.state_dict(), network, encoder=False)
    assert torch.equal(state["global_head.bias"], start.global_head.bias)
    assert torch.equal(state["encoder.mark.weight"], anew)
    network.load_state_dict(state)
    assert torch.equal(inherited(start.state_dict(), network)["encoder.mark.weight"], start.encoder.mark.weight)


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
