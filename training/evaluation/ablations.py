"""Run the paper's ablations at equal budget: one short run for each variant, measured on the val split.

``python -m raiha.training.evaluation.ablations --data DATA --begin-from CHECKPOINT --out runs/ablations`` trains the
variants that have no checkpoint yet, resumes an interrupted run, and writes ablations.json and ablations.md. DATA holds
what ``raiha.training.train`` takes, and retrieved_70_80.npy and retrieved_80_90.npy
(raiha.training.samples.retrieved_references --appearance).

All variants begin from one checkpoint, since a run this short from ImageNet alone learns too little to separate them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.weights import load_network
from raiha.gallery_tools.extractors.torch_extractor import load_torch_extractor
from raiha.training.config import TrainingConfig, load_config
from raiha.training.evaluation.ablated_networks import DenseHead, WithoutContent, WithoutEdges
from raiha.training.samples.composites import Composer
from raiha.training.samples.loading import load_sampler
from raiha.training.samples.objects import ObjectSampler
from raiha.training.samples.recolour import Recipe, standard_recipes
from raiha.training.train import run
from raiha.training.trainer import Trainer
from raiha.training.validate import Validation
from raiha.training.warm_start import inherited

_EVERYTHING = "Raiha"
_AGAIN = "Raiha, another seed"
_SETTINGS: dict[str, tuple[str, ...]] = {
    "0": (),
    **{str(count): count * ("retrieved",) for count in (1, 2, 4)},
    "unrelated": ("unrelated",),
    "cut from the target": ("augmented",),
}
_OTHER_LIGHT = {"light 0.7 to 0.8": "retrieved_70_80.npy", "light 0.8 to 0.9": "retrieved_80_90.npy"}


@dataclass(frozen=True)
class Variant:
    """One run of the ablation.

    Attributes:
        config: of the run.
        network_type: class of the network.
        pretrained: whether it begins with the checkpoint's encoder.
    """

    config: TrainingConfig
    network_type: type[Harmonizer] = Harmonizer
    pretrained: bool = True


def variants(config: TrainingConfig) -> dict[str, Variant]:
    """Return the variants by their names."""
    retrieved = 1 - config.augmented_share - config.unrelated_share
    only_augmented = replace(config, augmented_share=config.augmented_share + retrieved, relit_share=0.0)
    return {
        _EVERYTHING: Variant(config),
        _AGAIN: Variant(replace(config, seed=config.seed + 1)),
        "without SGF": Variant(config, WithoutContent),
        "without retrieved references": Variant(only_augmented),
        "without augmented references": Variant(replace(config, augmented_share=0.0)),
        "non-reference": Variant(replace(config, reference_share=0.0)),
        "dense head": Variant(config, DenseHead),
        "without the edge reader": Variant(config, WithoutEdges),
        "encoder from scratch": Variant(config, pretrained=False),
    }


@dataclass(frozen=True)
class Laboratory:
    """What all variants share.

    Attributes:
        data: packs, content and retrieved references.
        recipes: of recolouring.
        start: the checkpoint that all begin from.
        out: a folder for each run.
    """

    data: Path
    recipes: list[tuple[Recipe, float]]
    start: Path
    out: Path

    def _sampler(self, *, validation: bool) -> ObjectSampler:
        return load_sampler(self.data, region_share=0.0, seed=0).of_split(validation=validation, seed=0)

    def train(self, name: str, variant: Variant) -> Path:
        """Train a variant to its end unless that was done before, and return its checkpoint."""
        config = variant.config
        folder = self.out / name.replace(" ", "_").replace(",", "")
        checkpoint = folder / "harmonizer.safetensors"
        if not checkpoint.exists():
            sampler = self._sampler(validation=False)
            trainer = Trainer(config, sampler, self.recipes, network_type=variant.network_type)
            trainer.begin_from(inherited(load_file(self.start), trainer.network, encoder=variant.pretrained))
            held_out = self._sampler(validation=True)
            validation = Validation(trainer.extractor, held_out, trainer.composer, config.side)
            run(trainer, validation, folder, validate_every=config.samples)
        return checkpoint

    def measure(self, config: TrainingConfig, variant: Variant, checkpoint: Path) -> dict[str, float]:
        """Measure a variant on objects that have references in all settings.

        Args:
            config: decides the composites, which are the same for all variants.
            variant: whose checkpoint it is.
            checkpoint: made by ``train``.

        Returns:
            Foreground PSNR in dB of the composites, and what each setting gains.
        """
        sampler = self._sampler(validation=True)
        lights = {name: np.load(self.data / file) for name, file in _OTHER_LIGHT.items()}
        found = [retrieved[:, 0] >= 0 for retrieved in (sampler.retrieved, *lights.values())]
        objects = sampler.objects[np.all(found, axis=0)[sampler.objects]]
        extractor, composer = load_torch_extractor(config.network.extractor), Composer(self.recipes, config.composites)
        validation = Validation(extractor, sampler, composer, config.side, objects=objects)
        network = variant.network_type(variant.config.network).eval()
        network.load_state_dict(load_network(checkpoint).state_dict())
        figures = validation.figures(network, _SETTINGS)
        composite = figures.pop("composite")
        for name, retrieved in lights.items():
            sampler.retrieved = retrieved
            figures[name] = validation.figures(network, {name: ("retrieved",)})[name]
        return {"composite": composite, **{name: value - composite for name, value in figures.items()}}


def markdown_table(measured: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table of gains in dB, a row for each variant and a column for each setting."""
    columns = [column for column in next(iter(measured.values())) if column != "composite"]
    rows = [["variant", *columns], ["---"] * (len(columns) + 1)]
    rows += [[name, *(f"{figures[column]:.2f}" for column in columns)] for name, figures in measured.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def main() -> None:
    """Train and measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).parents[1] / "configs" / "ablation.toml")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--begin-from", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    laboratory = Laboratory(arguments.data, standard_recipes(arguments.films), arguments.begin_from, arguments.out)
    arguments.out.mkdir(parents=True, exist_ok=True)
    measured = {}
    for name, variant in variants(config).items():
        measured[name] = laboratory.measure(config, variant, laboratory.train(name, variant))
        print(name, {key: round(value, 2) for key, value in measured[name].items()}, flush=True)
        result = {"samples": config.samples, "gains_db": measured}
        (arguments.out / "ablations.json").write_text(json.dumps(result, indent=1) + "\n")
        (arguments.out / "ablations.md").write_text(markdown_table(measured))


if __name__ == "__main__":
    main()
