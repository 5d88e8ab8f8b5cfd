"""The network in torch, for GPUs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from raiha.backend.network.edge_profiles import EdgeProfiles
from raiha.backend.network.engine import Predictions, Scene
from raiha.backend.network.harmonizer import Harmonizer, SceneFeatures
from raiha.backend.network.weights import load_network
from raiha.gallery_tools.devices import torch_name


class InferenceNetwork(nn.Module):
    """All that the network is asked about a scene, in a single pass; ``export_onnx`` makes the graphs of it."""

    def __init__(self, network: Harmonizer) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        pictures: Tensor,
        masks: Tensor,
        content: Tensor,
        profiles: Tensor,
        present: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return ``Predictions`` as tensors.

        Args:
            pictures: (B, 3, S, S) as ``Scene`` has them, as the next two.
            masks: (B, 1, S, S).
            content: (B, D, S / 16, S / 16).
            profiles: (1, PROFILE_CHANNELS, L) across the object's edge.
            present: (1,) whether there is an edge.
            references: (1, K, 3, S, S), or None.
            reference_contents: (1, K, D, S / 16, S / 16), or None.
        """
        scenes = [self.network.scene_features(pictures, masks, content)]
        if references is not None:
            scenes.append(self.network.scene_features(pictures, masks, content, references, reference_contents))
        shown = present.expand(len(pictures))  # (B,)
        edges = EdgeProfiles(profiles, torch.cat([shown, torch.zeros_like(shown)]).repeat(len(scenes)))
        twice = [scene for scene in scenes for _ in ("shown", "hidden")]
        together = SceneFeatures(*(torch.cat(parts) for parts in zip(*twice, strict=True)))
        coefficients, agreement = self.network.transforms(together, edges)
        shape = len(scenes), 2, len(pictures)
        return coefficients.reshape(*shape, *coefficients.shape[1:]), agreement.reshape(shape)


class TorchEngine:
    """An ``Engine`` on any device of torch."""

    def __init__(self, weights: Path, device: str) -> None:
        """Load a checkpoint.

        Raises:
            RaihaError: "weights-missing" or "weights-damaged".
        """
        self._device = torch_name(device)
        self._network = InferenceNetwork(load_network(weights, self._device))

    @torch.inference_mode()
    def predict(self, scene: Scene) -> Predictions:
        """Predict colour transforms for both crops, with the object's edge shown and hidden."""
        arrays = [scene.pictures, scene.masks, scene.content, scene.edge.profiles[None]]
        tensors = [torch.from_numpy(array).to(self._device) for array in arrays]
        present = torch.tensor([scene.edge.present], device=self._device)
        references = [] if scene.references is None else [torch.from_numpy(one)[None] for one in scene.references]
        answers = self._network(*tensors, present, *(one.to(self._device) for one in references))
        return Predictions(*(answer.cpu().numpy() for answer in answers))
