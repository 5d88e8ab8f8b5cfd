"""One training run: draws samples, takes steps, averages weights, and can stop anywhere without a trace."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from raiha.backend.network.colour_transform import transform_colours
from raiha.backend.network.edge_profiles import EdgeProfiles, edge_profiles
from raiha.backend.network.harmonizer import Harmonizer, SceneFeatures
from raiha.gallery_tools.extractors.torch_extractor import load_torch_extractor
from raiha.training.backbone import load_encoder
from raiha.training.config import TrainingConfig
from raiha.training.half_precision import has_bfloat16
from raiha.training.processes import Processes
from raiha.training.samples.composites import Composer, scene_side
from raiha.training.samples.objects import ObjectSampler, ReadyPairs
from raiha.training.samples.random_draws import uniform
from raiha.training.samples.recolour import Recipe
from raiha.training.warm_start import inherited

_SMALLEST_FOREGROUND = 100.0  # pixels; formula 11's epsilon_f


def foreground_error(predicted: Tensor, targets: Tensor, masks: Tensor) -> Tensor:
    """Compute formula 11 for each sample: (B,) squared error over the foreground's area, in 8-bit units."""
    error = ((predicted - targets) * 255) ** 2 * masks
    return error.sum((1, 2, 3)) / (3 * masks.sum((1, 2, 3)).clamp_min(_SMALLEST_FOREGROUND))


class ReadySampler(Protocol):
    """Draws pairs that need no recolouring; its draws depend on the object sampler's generator alone."""

    def draw(self, count: int, side: int) -> ReadyPairs:
        """Return a batch of B = ``count`` windows of S = ``side`` pixels."""


class Trainer:
    """A run that can stop anywhere and go on exactly as if it had not.

    Args:
        config: its settings.
        sampler: of scenes, seeded for this process.
        recipes: of recolouring.
        backbone: ImageNet's weights for the encoder.
        start: a checkpoint to begin from; layers that it lacks begin anew.
        processes: that train together.
        ready: samplers of ready pairs, each with its share of the steps.
        network_type: the network's class; ablations train others.
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
        network_type: type[Harmonizer] = Harmonizer,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.sampler = sampler
        self.ready = ready
        self.composer = Composer(recipes, config.composites)
        self.processes = processes or Processes()
        self.generator = torch.Generator(self.device).manual_seed(config.seed + 1 + 1000 * self.processes.rank)
        self.choices = random.Random(config.seed + 2)  # alike in all processes
        self.network = network_type(config.network)
        self.network.dropout = config.dropout
        # Of the composite, as a user's request has it: features of the real photo would tell its true colours.
        self.extractor = load_torch_extractor(config.network.extractor, device=str(self.device))
        self.samples = 0
        if backbone:
            load_encoder(self.network.encoder, backbone)
        if start:
            self.network.load_state_dict(inherited(load_file(start), self.network))
        self.network = self.network.to(memory_format=torch.channels_last).to(self.device)
        self.begin_from(self.network.state_dict())
        encoder = list(self.network.encoder.parameters())
        others = [p for name, p in self.network.named_parameters() if not name.startswith("encoder.")]
        self.optimizer = torch.optim.AdamW(
            [{"params": encoder, "share": config.encoder_share}, {"params": others, "share": 1.0}],
            lr=config.learning_rate,
            betas=(0.9, 0.999),
            weight_decay=config.weight_decay,
            fused=True,
        )

    def begin_from(self, state: dict[str, Tensor]) -> None:
        """Take up a network's weights, before the first step."""
        self.network.load_state_dict(state)
        self.averaged = {key: value.clone() for key, value in self.network.state_dict().items()}

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
        config = self.config
        if self.choices.random() >= config.reference_share:
            return ()
        count = self.choices.randint(1, config.most_references)
        ways = {"augmented": config.augmented_share, "unrelated": config.unrelated_share, "relit": config.relit_share}
        shares = [*ways.values(), 1 - sum(ways.values())]
        return tuple(self.choices.choices([*ways, "retrieved"], shares, k=count))

    def _draw_pairs(self, count: int, side: int) -> ReadyPairs:
        """Scenes and their composites, on the network's device."""
        drawn = self.choices.random()
        for sampler, share in self.ready:
            if drawn < share:
                return self._edges_hidden(sampler.draw(count, side).to(self.device))
            drawn -= share
        scene = self.sampler.draw(count, scene_side(side), self._reference_ways())
        return self._edges_hidden(self.composer.pairs(scene.to(self.device), side, self.generator))

    def _edges_hidden(self, pairs: ReadyPairs) -> ReadyPairs:
        """Pairs of which a share is told nothing of its edges, and must be harmonized by the scene alone.

        Edges tell most where they tell anything. A network that always has them never learns to do without.
        """
        if pairs.edges is None:
            return pairs
        seen = uniform(pairs.composites, 0, 1, self.generator).flatten() >= self.config.edgeless_share
        return replace(pairs, edges=replace(pairs.edges, present=pairs.edges.present & seen))

    def _loss(self, pairs: ReadyPairs) -> Tensor:
        """Mean log of formula 11, and more where the result is worse than the composite."""
        scene, composites, content = pairs.scene, pairs.composites, pairs.content
        if content is None:
            with self._half_precision(has_bfloat16(self.device)):  # half the precision, a third of the time
                content = self.extractor.maps(composites)
        with self._half_precision(self.config.half_precision):
            features = self.network.scene_features(
                composites.contiguous(memory_format=torch.channels_last),
                scene.masks,
                content.float(),
                scene.references,
                scene.reference_content,
            )
            answers = self._answers(features, pairs.edges or edge_profiles(composites, scene.masks))
        # Every other pixel tells as much of so smooth a transform.
        some, targets, masks = (one[..., ::2, ::2] for one in (composites, scene.targets, scene.masks))
        # The log keeps hard samples from ruling the gradient; the offset, easy ones, which teach to do nothing.
        before, *after = (
            (foreground_error(pictures, targets, masks) + self.config.easy_error).log()
            for pictures in (some, *(transform_colours(some, answer.float()) for answer in answers))
        )
        worse = self.config.worse_weight
        losses = [(error + worse * (error - before).relu()).mean() for error in after]
        return torch.stack(losses).mean()

    def _answers(self, features: SceneFeatures, edges: EdgeProfiles) -> list[Tensor]:
        """Return the transforms (B, 15, h, w) that are to be right.

        With ``hidden_edge`` in the config these are the mixture that ``raiha.backend.pipeline.predictor`` makes, and
        the prediction that does not see the edge.
        """
        shown = self.network.transforms(features, edges)
        if not self.config.hidden_edge:
            return [shown.coefficients]
        hidden = self.network.transforms(features, edges.hidden()).coefficients
        doubt = 1 - (shown.agreement.detach() / self.config.edge_evidence).clamp(0, 1)
        return [torch.lerp(shown.coefficients, hidden, (self.config.hidden_edge * doubt).view(-1, 1, 1, 1)), hidden]

    def _half_precision(self, wanted: bool) -> torch.autocast:
        """bfloat16, whose range is float32's, so gradients need no scaling."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=wanted)

    def step(self) -> float:
        """One step of the optimizer; returns this process's mean log error."""
        stage = self.config.stage_at(self.samples)
        pairs = self._draw_pairs(stage.batch // self.processes.number, stage.side)
        self.network.encoder.freeze_early(not stage.whole_encoder)
        loss = self._loss(pairs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * group["share"]
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.processes.average_gradients(self.network.parameters())
        length = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if length.isfinite():  # a sample that overflows costs a step, not the run
            self.optimizer.step()
        self._average()
        self.samples += stage.batch
        return loss.item()

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.average, 1 - 1 / (2 + self.samples / 64))
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average(list(self.averaged.values()), list(self.network.state_dict().values()), self.samples)

    def averaged_network(self) -> Harmonizer:
        """Return a copy of the network with the averaged weights, in evaluation mode."""
        network = type(self.network)(self.config.network).to(self.device)
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
        """Take up a state made by ``state`` in a run with the same config and number of processes.

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
