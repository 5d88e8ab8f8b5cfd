"""A training run's settings, read from a TOML file."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raiha.backend.network.network_config import NetworkConfig
from raiha.training.samples.composites import CompositeSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Stage:
    """Part of a run at one resolution.

    Attributes:
        side: of the windows in pixels, a multiple of 64.
        samples: seen in this stage.
        batch: samples in a step, of all processes together.
        whole_encoder: trains the encoder's first layers too; otherwise they stay as ImageNet made them.
    """

    side: int
    samples: int
    batch: int
    whole_encoder: bool = False


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a run but the data's place.

    Attributes:
        stages: resolutions, one after another.
        learning_rate: at its peak; the encoder's is ``encoder_share`` of it.
        warmup_samples: until the peak.
        decay_start: share of the run after which the rate falls linearly to 0.
        reference_share: share of the steps in the retrieval-augmented setting.
        augmented_share: share of references made from the target; the rest but the unrelated are retrieved.
        unrelated_share: share of references that are any photo, which teaches not to trust them blindly.
        relit_share: share of references that are retrieved and retouched as the scene is, as if taken in its very
            light; the other retrieved ones keep their own.
        most_references: references in a step, 1 to this many.
        region_share: share of the objects that are regions of photos (raiha.training.data.photo_regions).
        pairs_share: share of the steps with ready pairs, iHarmony4's say; the rest recolours objects.
        exposure_share: share of the steps whose objects come from another exposure of the scene.
        edgeless_share: share of the recoloured objects of which the network is not told what their edges look like.
        hidden_edge: weight of the prediction that does not see the edge, where the edge is no evidence; 0 trains the
            prediction that sees it alone.
        edge_evidence: agreement of an edge from which on it is evidence (``InferenceSettings``).
        drawn_share: share of the steps with samples that were drawn ahead.
        easy_error: squared 8-bit steps, below which a composite counts as harmonized in the loss.
        worse_weight: in the loss, of what a result is worse than its composite: users forgive that least.
        half_precision: bfloat16 in the network's forward and backward pass.
        dropout: share of what describes the scene that the network does not see in a step.
        average: decay of the averaged weights (EMA).
        seed: of weights, draws and recolouring.
        composites: how they are made.
        network: its shape.
    """

    stages: tuple[Stage, ...]
    learning_rate: float = 1e-3
    encoder_share: float = 0.5
    warmup_samples: int = 4000
    decay_start: float = 0.3
    weight_decay: float = 1e-4
    reference_share: float = 0.35
    augmented_share: float = 0.5
    unrelated_share: float = 0.0
    relit_share: float = 0.0
    most_references: int = 1
    region_share: float = 0.0
    pairs_share: float = 0.0
    exposure_share: float = 0.0
    edgeless_share: float = 0.0
    hidden_edge: float = 0.0
    edge_evidence: float = 1.2
    drawn_share: float = 0.0
    easy_error: float = 30.0
    worse_weight: float = 0.5
    half_precision: bool = False
    dropout: float = 0.0
    average: float = 0.998
    seed: int = 0
    composites: CompositeSettings = field(default_factory=CompositeSettings)
    network: NetworkConfig = field(default_factory=NetworkConfig)

    @property
    def samples(self) -> int:
        """Samples of the whole run."""
        return sum(stage.samples for stage in self.stages)

    @property
    def side(self) -> int:
        """Of the last stage, at which users' pictures are to be seen."""
        return self.stages[-1].side

    def stage_at(self, samples: int) -> Stage:
        """Return the stage in which a run is after so many samples."""
        for stage in self.stages:
            if samples < stage.samples:
                return stage
            samples -= stage.samples
        return self.stages[-1]

    def learning_rate_at(self, samples: int) -> float:
        """Return the learning rate after so many samples."""
        warm = min(1.0, (samples + 1) / max(1, self.warmup_samples))
        left = (1 - samples / self.samples) / (1 - self.decay_start)
        return self.learning_rate * warm * min(1.0, max(0.0, left))


def load_config(file: Path) -> TrainingConfig:
    """Read a TOML file whose keys are the fields above; unknown keys are errors."""
    table: dict[str, Any] = tomllib.loads(file.read_text())
    unknown = set(table) - {entry.name for entry in dataclasses.fields(TrainingConfig)}
    if unknown:
        raise ValueError(f"{file} has unknown settings: {', '.join(sorted(unknown))}")
    stages = tuple(Stage(**stage) for stage in table.pop("stages"))
    composites = CompositeSettings(**table.pop("composites", {}))
    network = NetworkConfig(**table.pop("network", {}))
    return TrainingConfig(stages=stages, composites=composites, network=network, **table)
