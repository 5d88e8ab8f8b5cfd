"""Trains the harmonization network.

``python -m raiha.training.train --config training/configs/5_fitted.toml --data DATA --out runs/5_fitted`` goes on
where the run
in that folder stopped; ``torchrun --nproc-per-node 2 -m raiha.training.train ...`` does so in several processes, on
several GPUs and machines. DATA holds pack_*/ (raiha.training.data.photo_pack), content.npy
(raiha.training.data.photo_features) and retrieved.npy
(raiha.training.samples.retrieved_references); the run folder gets state.pt, log.jsonl, tensorboard/ and
harmonizer.safetensors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.weights import save_network
from raiha.training.config import load_config
from raiha.training.data.pair_pack import PairPack
from raiha.training.journal import Journal
from raiha.training.processes import Processes
from raiha.training.samples.composites import Composer
from raiha.training.samples.drawn_samples import DrawnSampler
from raiha.training.samples.exposures import ExposureSampler
from raiha.training.samples.loading import load_sampler
from raiha.training.samples.pairs import PairSampler
from raiha.training.samples.recolour import standard_recipes
from raiha.training.trainer import ReadySampler, Trainer
from raiha.training.validate import Validation


def save(trainer: Trainer, file: Path) -> None:
    """Save the run's state; a crash meanwhile leaves the former one."""
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
    settings = InferenceSettings(side=trainer.config.side)
    save_network(network.state_dict(), trainer.config.network, settings, folder / "harmonizer.safetensors", notes)


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
    parser.add_argument("--begin-from", type=Path, help="a checkpoint, instead of the backbone alone")
    parser.add_argument("--films", type=Path)
    parser.add_argument("--photos", type=Path, help="the folder of light.jsonl, for another exposure of the scene")
    parser.add_argument("--pairs", type=Path, help="ready pairs, packed by raiha.training.data.pair_pack")
    parser.add_argument(
        "--drawn", type=Path, nargs="+", default=[], help="samples drawn ahead by raiha.training.samples.drawn_samples"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--validate-every", type=int, default=8000)
    parser.add_argument("--in-memory", action="store_true", help="read the packs at once: faster, and takes gigabytes")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU where there is one")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    processes = Processes.join(arguments.device)
    torch.backends.cudnn.benchmark = True  # sizes are few: the fastest way to do each is worth looking for
    seed = config.seed + 1000 * processes.rank
    sampler = load_sampler(arguments.data, config.region_share, seed, processes.device, in_memory=arguments.in_memory)
    recipes = standard_recipes(arguments.films)
    ready: list[tuple[ReadySampler, float]] = []
    if arguments.photos:
        exposures = ExposureSampler(arguments.photos, sampler, Composer(recipes, config.composites))
        ready.append((exposures, config.exposure_share))
    if arguments.pairs:
        pack = PairPack.load(arguments.pairs, in_memory=arguments.in_memory)
        ready.append((PairSampler(pack, sampler.generator, validation=False), config.pairs_share))
    if arguments.drawn:
        ready.append((DrawnSampler.load(arguments.drawn, sampler.generator), config.drawn_share))
    trainer = Trainer(config, sampler, recipes, arguments.backbone, arguments.begin_from, processes, ready)
    held_out = sampler.of_split(validation=True, seed=0)
    validation = Validation(trainer.extractor, held_out, trainer.composer, config.side, trainer.device)
    run(trainer, validation, arguments.out, arguments.validate_every)
    processes.leave()


if __name__ == "__main__":
    main()
