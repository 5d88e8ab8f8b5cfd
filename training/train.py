"""Trains the harmonization network.

``python -m training.train --config training/configs/shipped.toml --data DATA --out runs/shipped`` goes on where the run
in that folder stopped; ``torchrun --nproc-per-node 2 -m training.train ...`` does so in several processes, on several
GPUs and machines. DATA holds pack_*/ (training.photo_pack), content.npy (training.photo_features) and retrieved.npy
(training.retrieved_references); the run folder gets state.pt, log.jsonl, tensorboard/ and harmonizer.safetensors.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from backend.network.harmonizer import Harmonizer, transform_colours
from backend.network.weights import load_network, save_network
from gallery_tools.extractors.extractor import load_extractor
from training.backbone import load_encoder
from training.composites import Composer
from training.config import TrainingConfig, load_config
from training.exposures import ExposureSampler
from training.journal import Journal
from training.objects import ObjectSampler, ReadyPairs, Scene, bounding_boxes
from training.pair_pack import PairPack, PairSampler
from training.photo_pack import PhotoPack
from training.processes import Processes
from training.recolour import Recipe, standard_recipes
from training.validate import Validation

_SMALLEST_FOREGROUND = 100.0  # pixels; formula 11's epsilon_f
_EASY_ERROR = 30.0  # squared 8-bit steps: below this a composite looks harmonized already
_WORSE_WEIGHT = 0.5  # of what a result is worse than its composite: users forgive that least


def foreground_error(predicted: Tensor, targets: Tensor, masks: Tensor) -> Tensor:
    """Formula 11 for each sample: (B,) squared error over the foreground's area, in 8-bit units."""
    error = ((predicted - targets) * 255) ** 2 * masks
    return error.sum((1, 2, 3)) / (3 * masks.sum((1, 2, 3)).clamp_min(_SMALLEST_FOREGROUND))


class ReadySampler(Protocol):
    """Draws pairs that need no recolouring; its draws depend on the object sampler's generator alone."""

    def draw(self, count: int, side: int) -> ReadyPairs:
        """A batch of B = ``count`` windows of S = ``side`` pixels."""


class Trainer:
    """A run that can stop anywhere and go on exactly as if it had not.

    Args:
        config: its settings.
        sampler: of scenes, seeded for this process.
        recipes: of recolouring.
        backbone: ImageNet's weights for the encoder.
        start: a checkpoint to begin from.
        processes: that train together.
        ready: samplers of ready pairs, each with its share of the steps.
    """

    def __init__(
        self,
        config: TrainingConfig,
        sampler: ObjectSampler,
        recipes: list[tuple[Recipe, float]],
        backbone: Path | None = None,
        start: Path | None = None,
        processes: Processes | None = None,
        ready: Sequence[tuple[ReadySampler, float]] = (),
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.sampler = sampler
        self.ready = ready
        self.composer = Composer.of(config, recipes)
        self.processes = processes or Processes()
        self.generator = torch.Generator().manual_seed(config.seed + 1 + 1000 * self.processes.rank)
        self.choices = random.Random(config.seed + 2)  # alike in all processes
        self.network = Harmonizer(config.network)
        # Of the composite, as a user's request has it: features of the real photo would tell its true colours.
        self.extractor = load_extractor(config.network.extractor, device=str(self.device))
        self.samples = 0
        if backbone:
            load_encoder(self.network.encoder, backbone)
        if start:
            self.network.load_state_dict(load_network(start, "cpu").state_dict())
        self.network = self.network.to(memory_format=torch.channels_last).to(self.device)
        torch.manual_seed(config.seed + 3 + self.processes.rank)  # dropout differs between processes
        self.averaged = {key: value.clone() for key, value in self.network.state_dict().items()}
        encoder = list(self.network.encoder.parameters())
        others = [p for name, p in self.network.named_parameters() if not name.startswith("encoder.")]
        self.optimizer = torch.optim.AdamW(
            [{"params": encoder, "share": config.encoder_share}, {"params": others, "share": 1.0}],
            lr=config.learning_rate,
            betas=(0.9, 0.999),
            weight_decay=config.weight_decay,
            fused=True,
        )

    @property
    def device(self) -> torch.device:
        """Of the network."""
        return self.processes.device

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self.config.learning_rate_at(self.samples)

    def _reference_ways(self) -> tuple[str, ...]:
        """How this step's references come about; none in the non-reference setting."""
        if self.choices.random() >= self.config.reference_share:
            return ()
        count = self.choices.randint(1, self.config.most_references)
        config = self.config
        ways = {"augmented": config.augmented_share, "unrelated": config.unrelated_share, "relit": config.relit_share}
        shares = [*ways.values(), 1 - sum(ways.values())]
        return tuple(self.choices.choices([*ways, "retrieved"], shares, k=count))

    def _drawn(self, count: int, side: int) -> tuple[Scene, Tensor]:
        """Scenes and their composites, on the network's device."""
        drawn = self.choices.random()
        for sampler, share in self.ready:
            if drawn < share:
                pairs = sampler.draw(count, side)
                return pairs.scene.to(self.device), pairs.composites.to(self.device)
            drawn -= share
        scene = self.sampler.draw(count, side, self._reference_ways())
        return self.composer.compose(scene.to(self.device), self.generator)

    def _loss(self, scene: Scene, composites: Tensor) -> Tensor:
        """Mean log of formula 11, and more where the result is worse than the composite."""
        with self._half_precision(True):  # half the precision, a third of the time
            content = self.extractor.maps(composites)
        with self._half_precision(self.config.half_precision):
            coefficients = self.network(
                composites.contiguous(memory_format=torch.channels_last),
                scene.masks,
                content.float(),
                scene.references,
                scene.reference_content,
            )
        # Every other pixel tells as much of so smooth a transform.
        some, targets, masks = (one[..., ::2, ::2] for one in (composites, scene.targets, scene.masks))
        before, after = (
            # The log keeps hard samples from ruling the gradient; the offset, easy ones, which teach to do nothing.
            (foreground_error(pictures, targets, masks) + _EASY_ERROR).log()
            for pictures in (some, transform_colours(some, coefficients.float()))
        )
        return (after + _WORSE_WEIGHT * (after - before).relu()).mean()

    def _half_precision(self, wanted: bool) -> torch.autocast:
        """bfloat16, whose range is float32's, so gradients need no scaling."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=wanted)

    def step(self) -> float:
        """One step of the optimizer; returns this process's mean log error."""
        stage = self.config.stage_at(self.samples)
        scene, composites = self._drawn(stage.batch // self.processes.number, stage.side)
        self.network.encoder.freeze_early(not stage.whole_encoder)
        loss = self._loss(scene, composites)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * group["share"]
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.processes.average_gradients(self.network.parameters())
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self._average()
        self.samples += stage.batch
        return loss.item()

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.average, 1 - 1 / (2 + self.samples / 64))
        for key, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.averaged[key].lerp_(value, 1 - decay)

    def averaged_network(self) -> Harmonizer:
        """A copy of the network with the averaged weights, in evaluation mode."""
        network = Harmonizer(self.config.network).to(self.device)
        network.load_state_dict(self.averaged)
        return network.eval()

    def _random_states(self) -> list[Tensor]:
        everywhere = [torch.get_rng_state()]
        if self.device.type == "cuda":
            everywhere.append(torch.cuda.get_rng_state(self.device))
        return [self.generator.get_state(), self.sampler.generator.get_state(), *everywhere]

    def state(self) -> dict[str, Any]:
        """Everything that ``restore`` needs to go on exactly; all processes ask together."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "samples": self.samples,
            "random": self.processes.gather(self._random_states()),
            "choices": self.choices.getstate(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state made by ``state`` in a run with the same config and number of processes.

        Raises:
            ValueError: it was made by another number of processes.
        """
        if len(state["random"]) != self.processes.number:
            raise ValueError(f"This run was made by {len(state['random'])} processes; start as many to go on with it.")
        self.network.load_state_dict(state["network"])
        self.averaged = {key: value.to(self.device) for key, value in state["averaged"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.samples = state["samples"]
        own, sampled, everywhere, *gpu = state["random"][self.processes.rank]
        self.generator.set_state(own)
        self.sampler.generator.set_state(sampled)
        torch.set_rng_state(everywhere)
        if gpu:
            torch.cuda.set_rng_state(gpu[0], self.device)
        version, numbers, gauss = state["choices"]
        self.choices.setstate((version, tuple(numbers), gauss))


def save(trainer: Trainer, file: Path) -> None:
    """Saves the run's state; a crash meanwhile leaves the former one."""
    state = trainer.state()
    if trainer.processes.rank == 0:
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)


def validate(trainer: Trainer, validation: Validation, folder: Path, journal: Journal, loss: float) -> None:
    """Measures the averaged network on the val split and writes it as a checkpoint."""
    network = trainer.averaged_network()
    journal.validated(trainer.samples, loss, validation.figures(network), validation.pictures(network))
    notes = {"samples": str(trainer.samples), "seed": str(trainer.config.seed)}
    save_network(network.state_dict(), trainer.config.network, folder / "harmonizer.safetensors", notes)


def run(trainer: Trainer, validation: Validation, folder: Path, validate_every: int, save_every: int = 4000) -> None:
    """Trains to the end of the config, saving and validating after so many samples."""
    folder.mkdir(parents=True, exist_ok=True)
    state_file, losses = folder / "state.pt", [0.0]
    if state_file.exists():
        trainer.restore(torch.load(state_file, map_location="cpu", weights_only=True))
        print(f"going on after {trainer.samples} samples", flush=True)
    first = trainer.processes.rank == 0
    journal = Journal(folder) if first else None
    while trainer.samples < trainer.config.samples:
        before = trainer.samples
        losses = [*losses[-399:], trainer.step()]
        over = trainer.samples >= trainer.config.samples
        if over or trainer.samples // save_every > before // save_every:
            save(trainer, state_file)
            print(f"{trainer.samples} samples, log error {np.mean(losses[-100:]):.4f}", flush=True)
            if journal:
                journal.step(trainer.samples, float(np.mean(losses[-100:])), trainer.learning_rate)
        if journal and (over or trainer.samples // validate_every > before // validate_every):
            validate(trainer, validation, folder, journal, float(np.mean(losses)))


def main() -> None:
    """Trains from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", type=Path)
    parser.add_argument("--start", type=Path, help="a checkpoint to begin from, instead of the backbone alone")
    parser.add_argument("--films", type=Path)
    parser.add_argument("--photos", type=Path, help="the folder of light.jsonl, for another exposure of the scene")
    parser.add_argument("--pairs", type=Path, help="ready pairs, packed by training.pair_pack")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--validate-every", type=int, default=8000)
    parser.add_argument("--in-memory", action="store_true", help="read the packs at once: faster, and takes gigabytes")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU where there is one")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    processes = Processes.join(arguments.device)
    folders = sorted(arguments.data.glob("pack_*"))
    packs = [PhotoPack.load(folder, in_memory=arguments.in_memory) for folder in folders]
    boxes = bounding_boxes(packs[0])
    data = (packs, arguments.data / "content.npy", arguments.data / "retrieved.npy", boxes)
    sampler = ObjectSampler(*data, validation=False, seed=config.seed + 1000 * processes.rank)
    recipes = standard_recipes(arguments.films)
    ready: list[tuple[ReadySampler, float]] = []
    if arguments.photos:
        ready.append((ExposureSampler(arguments.photos, sampler), config.exposure_share))
    if arguments.pairs:
        pack = PairPack.load(arguments.pairs, in_memory=arguments.in_memory)
        ready.append((PairSampler(pack, sampler.generator, validation=False), config.pairs_share))
    trainer = Trainer(config, sampler, recipes, arguments.backbone, arguments.start, processes, ready)
    held_out = ObjectSampler(*data, validation=True, seed=0)
    validation = Validation(trainer.extractor, held_out, trainer.composer, trainer.device)
    run(trainer, validation, arguments.out, arguments.validate_every)
    processes.leave()


if __name__ == "__main__":
    main()
