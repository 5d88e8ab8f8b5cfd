"""Trains the harmonization network.

``python -m training.train --config training/configs/first.toml --data DATA --run runs/first`` goes on where the run in
that folder stopped. DATA holds pack_*/ (training.photo_pack), content.npy (training.photo_features) and retrieved.npy
(training.retrieved_references); the run folder gets state.pt, log.jsonl and harmonizer.safetensors.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backend.network.harmonizer import Harmonizer, transform_colours
from backend.network.weights import load_network, save_network
from gallery_tools.extractors.extractor import load_extractor
from training.backbone import load_encoder
from training.composites import Composer
from training.config import TrainingConfig, load_config
from training.objects import ObjectSampler, bounding_boxes
from training.photo_pack import PhotoPack
from training.recolour import Recipe, standard_recipes
from training.validate import validate

_SMALLEST_FOREGROUND = 100.0  # pixels; formula 11's epsilon_f
_EASY_ERROR = 30.0  # squared 8-bit steps: below this a composite looks harmonized already
_SAVE_SECONDS = 60


def foreground_error(predicted: Tensor, targets: Tensor, masks: Tensor) -> Tensor:
    """Formula 11 for each sample: (B,) squared error over the foreground's area, in 8-bit units."""
    error = ((predicted - targets) * 255) ** 2 * masks
    return error.sum((1, 2, 3)) / (3 * masks.sum((1, 2, 3)).clamp_min(_SMALLEST_FOREGROUND))


class Trainer:
    """A run that can stop anywhere and go on exactly as if it had not."""

    def __init__(
        self,
        config: TrainingConfig,
        sampler: ObjectSampler,
        recipes: list[tuple[Recipe, float]],
        backbone: Path | None,
        start: Path | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.sampler = sampler
        self.composer = Composer.of(config, recipes)
        self.generator = torch.Generator().manual_seed(config.seed + 1)
        self.choices = random.Random(config.seed + 2)
        self.network = Harmonizer(config.network)
        # Of the composite, as a user's request has it: features of the real photo would tell its true colours.
        self.extractor = load_extractor(config.network.extractor)
        self.samples = 0
        if backbone:
            load_encoder(self.network.encoder, backbone)
        if start:
            self.network.load_state_dict(load_network(start, "cpu").state_dict())
        self.network = self.network.to(memory_format=torch.channels_last)
        self.averaged = {key: value.clone() for key, value in self.network.state_dict().items()}
        encoder = list(self.network.encoder.parameters())
        others = [p for name, p in self.network.named_parameters() if not name.startswith("encoder.")]
        self.optimizer = torch.optim.AdamW(
            [{"params": encoder, "share": config.encoder_share}, {"params": others, "share": 1.0}],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

    def _reference_ways(self) -> tuple[str, ...]:
        """How this step's references come about; none in the non-reference setting."""
        if self.choices.random() >= self.config.reference_share:
            return ()
        count = self.choices.randint(1, self.config.most_references)
        ways = {"augmented": self.config.augmented_share, "unrelated": self.config.unrelated_share}
        shares = [*ways.values(), 1 - sum(ways.values())]
        return tuple(self.choices.choices([*ways, "retrieved"], shares, k=count))

    def _content(self, composites: Tensor) -> Tensor:
        with torch.autocast(composites.device.type, torch.bfloat16):  # half the precision, a third of the time
            return self.extractor.maps(composites).float()

    def step(self) -> float:
        """One step of the optimizer; returns the mean log error."""
        stage = self.config.stage_at(self.samples)
        scene = self.sampler.draw(stage.batch, stage.side, self._reference_ways())
        scene, composites = self.composer.compose(scene, self.generator)
        self.network.encoder.freeze_early(not stage.whole_encoder)
        coefficients = self.network(
            composites.contiguous(memory_format=torch.channels_last),
            scene.masks,
            self._content(composites),
            scene.references,
            scene.reference_content,
        )
        # Every other pixel tells as much of so smooth a transform.
        some, targets, masks = (one[..., ::2, ::2] for one in (composites, scene.targets, scene.masks))
        error = foreground_error(transform_colours(some, coefficients), targets, masks)
        # The log keeps hard samples from ruling the gradient; the offset, easy ones, which teach to do nothing.
        loss = (error + _EASY_ERROR).log().mean()
        rate = self.config.learning_rate_at(self.samples)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
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
        network = Harmonizer(self.config.network)
        network.load_state_dict(self.averaged)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Everything that ``restore`` needs to go on exactly."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "samples": self.samples,
            "generators": [self.generator.get_state(), self.sampler.generator.get_state(), torch.get_rng_state()],
            "choices": self.choices.getstate(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state made by ``state`` in a run with the same config."""
        self.network.load_state_dict(state["network"])
        self.averaged = state["averaged"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.samples = state["samples"]
        own, sampled, everywhere = state["generators"]
        self.generator.set_state(own)
        self.sampler.generator.set_state(sampled)
        torch.set_rng_state(everywhere)
        version, numbers, gauss = state["choices"]
        self.choices.setstate((version, tuple(numbers), gauss))


def run(trainer: Trainer, validation: ObjectSampler, folder: Path, validate_every: int) -> None:
    """Trains to the end of the config, saving once a minute and validating on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    state_file, saved, losses = folder / "state.pt", time.monotonic(), []
    if state_file.exists():
        trainer.restore(torch.load(state_file, weights_only=True))
        print(f"going on after {trainer.samples} samples", flush=True)
    while trainer.samples < trainer.config.samples:
        before = trainer.samples
        losses.append(trainer.step())
        due = trainer.samples // validate_every > before // validate_every
        if due or trainer.samples >= trainer.config.samples or time.monotonic() - saved > _SAVE_SECONDS:
            partial = state_file.with_suffix(".partial")
            torch.save(trainer.state(), partial)
            partial.replace(state_file)
            saved = time.monotonic()
            print(f"{trainer.samples} samples, log error {np.mean(losses[-100:]):.4f}", flush=True)
        if due or trainer.samples >= trainer.config.samples:
            network = trainer.averaged_network()
            figures = validate(network, trainer.extractor, validation, trainer.composer)
            entry = {"samples": trainer.samples, "time": time.time(), "loss": float(np.mean(losses[-400:])), **figures}
            print(json.dumps(entry), flush=True)
            with (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(entry) + "\n")
            notes = {"samples": str(trainer.samples), "seed": str(trainer.config.seed)}
            save_network(network.state_dict(), trainer.config.network, folder / "harmonizer.safetensors", notes)


def main() -> None:
    """Trains from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", type=Path)
    parser.add_argument("--start", type=Path, help="a checkpoint to begin from, instead of the backbone alone")
    parser.add_argument("--films", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--validate-every", type=int, default=8000)
    parser.add_argument("--in-memory", action="store_true", help="read the packs at once: faster, and takes gigabytes")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    folders = sorted(arguments.data.glob("pack_*"))
    packs = [PhotoPack.load(folder, in_memory=arguments.in_memory) for folder in folders]
    boxes = bounding_boxes(packs[0])
    data = (packs, arguments.data / "content.npy", arguments.data / "retrieved.npy", boxes)
    sampler = ObjectSampler(*data, validation=False, seed=config.seed)
    trainer = Trainer(config, sampler, standard_recipes(arguments.films), arguments.backbone, arguments.start)
    validation = ObjectSampler(*data, validation=True, seed=0)
    run(trainer, validation, arguments.run, arguments.validate_every)


if __name__ == "__main__":
    main()
