"""The training loop: packs, windows, references, steps, and stopping without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_run import CONFIG, CONFIGS, calls_of, sampler
from torch import nn

from raiha.backend.network.weights import load_network
from raiha.training.config import Stage, TrainingConfig, load_config
from raiha.training.data.device_arrays import held, take
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.processes import Processes
from raiha.training.samples.composites import CompositeSettings
from raiha.training.samples.objects import bounding_boxes
from raiha.training.samples.recolour import standard_recipes
from raiha.training.train import run
from raiha.training.trainer import Trainer, foreground_error
from raiha.training.validate import Validation


def trainer(folder: Path) -> Trainer:
    return Trainer(CONFIG, sampler(folder), standard_recipes(None), None)


def test_a_pack_holds_photos_masks_and_their_boxes(packed: Path) -> None:
    pack = PhotoPack.load(packed / "pack_96")
    assert pack.photos.shape[1:] == (3, 96, 96) and pack.sizes.max() == 96
    assert pack.validation.any() and not pack.validation.all()
    for number, (top, left, bottom, right) in enumerate(bounding_boxes(pack)):
        height, width = pack.sizes[pack.owners[number]]
        mask = pack.masks[number, :height, :width] > 127
        inside = mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        assert inside.sum() == mask.sum() > 0


def test_windows_hold_the_object_and_references_the_foreground(packed: Path) -> None:
    drawn = sampler(packed).draw(16, 64, ("augmented", "retrieved", "unrelated"))
    assert drawn.targets.shape == (16, 3, 64, 64)
    assert drawn.references is not None and drawn.references.shape == (16, 3, 3, 64, 64)
    assert drawn.reference_content is not None and drawn.reference_content.shape == (16, 3, 64, 4, 4)
    assert (drawn.masks.amax((1, 2, 3)) > 0.5).all()
    torch.testing.assert_close(drawn.reference_content.norm(dim=2), torch.ones(16, 3, 4, 4))


def test_splits_share_no_photo(packed: Path) -> None:
    pack = PhotoPack.load(packed / "pack_96")
    whole = sampler(packed)
    train, val = (whole.of_split(validation=split, seed=0) for split in (False, True))
    owners = [set(pack.owners[one.objects]) for one in (train, val)]
    assert owners[0] and owners[1] and not owners[0] & owners[1]
    alone = sampler(packed, validation=True)
    assert torch.equal(val.draw(4, 64).targets, alone.draw(4, 64).targets)


def test_rows_are_taken_from_a_file_and_from_a_devices_memory_alike(packed: Path) -> None:
    photos, numbers = PhotoPack.load(packed / "pack_96").photos, np.array([2, 0, 2])
    assert held(photos, torch.device("cpu")) is photos  # a file stays a file
    assert torch.equal(take(photos, numbers), take(torch.from_numpy(np.array(photos)), numbers))


def test_formula_11_is_the_error_over_the_foreground() -> None:
    targets, masks = torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 32, 32)
    masks[..., :16, :16] = 1
    predicted = torch.full_like(targets, 10 / 255)
    assert foreground_error(predicted, targets, masks).item() == pytest.approx(100)
    masks[..., :16, :16] = 0
    masks[..., 0, 0] = 1  # a single pixel counts as one of a hundred
    assert foreground_error(predicted, targets, masks).item() == pytest.approx(1)


def test_content_is_that_of_the_composite_and_tells_nothing_of_the_target(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trainer(packed)
    seen = calls_of(one.network, "scene_features", monkeypatch)
    one.step()
    composites, _, content = seen[0][:3]
    torch.testing.assert_close(content, one.extractor.maps(composites), atol=0.05, rtol=0)


def test_the_answer_that_is_trained_leans_on_the_edge_as_far_as_it_is_evidence(packed: Path) -> None:
    one = Trainer(replace(CONFIG, hidden_edge=0.5), sampler(packed), standard_recipes(None))
    one.network.eval()
    nn.init.normal_(one.network.global_head.weight, std=0.02)
    pairs = one._draw_pairs(4, 64)
    assert pairs.edges is not None
    features = one.network.scene_features(pairs.composites, pairs.scene.masks, one.extractor.maps(pairs.composites))
    shown, hidden = (one.network.transforms(features, edges) for edges in (pairs.edges, pairs.edges.hidden()))
    assert not torch.equal(shown.coefficients, hidden.coefficients)
    for evidence, expected in ((1e9, (shown.coefficients + hidden.coefficients) / 2), (1e-9, shown.coefficients)):
        one.config = replace(one.config, edge_evidence=evidence)
        mixed, without = one._answers(features, pairs.edges)
        certain = (shown.agreement > 0) if evidence < 1 else torch.ones(4, dtype=torch.bool)
        torch.testing.assert_close(mixed[certain], expected[certain])
        torch.testing.assert_close(without, hidden.coefficients)
    one.config = replace(one.config, hidden_edge=0.0)
    assert len(one._answers(features, pairs.edges)) == 1


def test_a_share_of_the_objects_is_seen_without_edges(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for share, present in ((1.0, 0), (0.0, 4)):
        one = Trainer(replace(CONFIG, edgeless_share=share), sampler(packed), standard_recipes(None))
        seen = calls_of(one.network, "transforms", monkeypatch)
        one.step()
        assert seen[0][1].present.sum() == present


def test_dropout_hides_parts_of_the_scene_in_training_alone(packed: Path) -> None:
    one = Trainer(replace(CONFIG, dropout=0.5), sampler(packed), standard_recipes(None))
    nn.init.normal_(one.network.global_head.weight)
    pairs = one._draw_pairs(2, 64)
    content = one.extractor.maps(pairs.composites)

    def said() -> torch.Tensor:
        coefficients: torch.Tensor = one.network(pairs.composites, pairs.scene.masks, content, edges=pairs.edges)[0]
        return coefficients

    assert not torch.allclose(said(), said())
    one.network.eval()
    assert torch.equal(said(), said())


@pytest.mark.slow
def test_stopping_and_going_on_gives_the_same_weights(packed: Path) -> None:
    whole = trainer(packed)
    for _ in range(4):
        whole.step()
    first = trainer(packed)
    for _ in range(2):
        first.step()
    state = first.state()  # before another run begins in this process and seeds its own weights
    second = trainer(packed)
    second.sampler.draw(3, 64)  # its draws have gone elsewhere before it takes up the state
    second.restore(state)
    for _ in range(2):
        second.step()
    assert second.samples == whole.samples == 16
    for kind in ("network", "averaged"):
        other = second.state()[kind]
        assert all(torch.equal(value, other[key]) for key, value in whole.state()[kind].items())


def validation(packed: Path, one: Trainer) -> Validation:
    return Validation(one.extractor, sampler(packed, validation=True), one.composer, one.config.side)


@pytest.mark.slow
def test_a_run_ends_with_a_checkpoint_and_goes_on_after_its_state(packed: Path, tmp_path: Path) -> None:
    one = trainer(packed)
    run(one, validation(packed, one), tmp_path, validate_every=100)
    network = load_network(tmp_path / "harmonizer.safetensors")
    assert network.config == CONFIG.network
    again = trainer(packed)
    run(again, validation(packed, again), tmp_path, validate_every=100)
    assert again.samples == CONFIG.samples


@pytest.mark.slow
def test_a_run_writes_scalars_and_pictures_for_tensorboard(packed: Path, tmp_path: Path) -> None:
    one = trainer(packed)
    run(one, validation(packed, one), tmp_path, validate_every=100)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert {"val/composite", "val/none", "val/retrieved", "learning rate"} <= set(events.Tags()["scalars"])
    assert events.Scalars("val/none")[-1].step == CONFIG.samples
    assert events.Tags()["images"]


def torchrun(packed: Path, folder: Path, processes: int) -> subprocess.CompletedProcess[str]:
    (folder / "tiny.toml").write_text(
        "warmup_samples = 4\nreference_share = 0.5\n[network]\nwidth = 32\n"
        "[[stages]]\nside = 64\nsamples = 16\nbatch = 4\n"
    )
    options = ["--config", folder / "tiny.toml", "--data", packed, "--out", folder / "run", "--device", "cpu"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes]
    command = [*launcher, "-m", "raiha.training.train", *options]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*map(str, command)], cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_two_processes_train_one_network_and_one_alone_cannot_go_on(packed: Path, tmp_path: Path) -> None:
    done = torchrun(packed, tmp_path, 2)
    assert done.returncode == 0, done.stderr
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    assert state["samples"] == 16 and len(state["random"]) == 2
    assert not torch.equal(state["random"][0][0], state["random"][1][0])  # they draw different samples
    assert load_network(tmp_path / "run" / "harmonizer.safetensors").config.width == 32
    alone = torchrun(packed, tmp_path, 1)
    assert alone.returncode != 0 and "start as many" in alone.stderr


def test_gradients_are_the_mean_over_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = [nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))]
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    others = 3.0  # the sum of what two other processes have, at each place
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda message: message.add_(others))
    Processes(number=3).average_gradients(parameters)
    assert all(torch.allclose(p.grad, torch.full_like(p, 4 / 3)) for p in parameters if p.grad is not None)


def test_half_precision_gives_nearly_the_same_error(packed: Path) -> None:
    full = trainer(packed)
    half = Trainer(replace(CONFIG, half_precision=True), sampler(packed), standard_recipes(None))
    assert half.step() == pytest.approx(full.step(), rel=0.02)


@pytest.mark.slow
def test_training_on_one_scene_lowers_its_error(packed: Path) -> None:
    plain = CompositeSettings(restyled=0.0)
    config = replace(CONFIG, stages=(Stage(64, 4000, 4),), reference_share=0.0, composites=plain)
    one = Trainer(config, sampler(packed), standard_recipes(None), None)
    fixed = one.sampler.scene(np.repeat(one.sampler.objects[:2], 2), 64, ())
    one.sampler.draw = lambda *_: fixed  # type: ignore[method-assign]
    losses = []
    for _ in range(15):
        one.generator.manual_seed(0)  # the same composites in each step
        losses.append(one.step())
    assert losses[-1] < losses[0] - 0.1


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    config = TrainingConfig(stages=(Stage(32, 1000, 4),), warmup_samples=100, decay_start=0.5)
    assert config.learning_rate_at(0) < config.learning_rate_at(50) < config.learning_rate
    assert config.learning_rate_at(100) == config.learning_rate_at(500) == config.learning_rate
    assert 0 < config.learning_rate_at(900) < config.learning_rate_at(600)
    assert config.learning_rate_at(1000) == 0


def test_shipped_configs_are_read_and_unknown_settings_refused(tmp_path: Path) -> None:
    for file in CONFIGS.glob("*.toml"):
        assert load_config(file).samples > 0
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("colour = 1\nstages = []")
    with pytest.raises(ValueError, match="colour"):
        load_config(wrong)
