"""Variants of the network for the paper's ablations: each ignores a part of what the network sees or predicts.

All have the network's own layers, so that every variant can begin from the same checkpoint; layers that a variant
ignores get no gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from raiha.backend.network.edge_profiles import EdgeProfiles
from raiha.backend.network.harmonizer import Harmonizer, SceneFeatures, SceneReading


class WithoutContent(Harmonizer):
    """Sees no content features: attention is that of formula 7 instead of formula 8."""

    def scene_features(
        self,
        composite: Tensor,
        mask: Tensor,
        content: Tensor,
        references: Tensor | None = None,
        reference_contents: Tensor | None = None,
    ) -> SceneFeatures:
        """Look at a batch as ``Harmonizer`` does where all content features are 0."""
        if reference_contents is not None:
            reference_contents = torch.zeros_like(reference_contents)
        return super().scene_features(composite, mask, torch.zeros_like(content), references, reference_contents)


class DenseHead(Harmonizer):
    """Predicts a colour offset for each place instead of an affine transform."""

    def _coefficients(self, predicted: Tensor, transform: Tensor, mean: Tensor) -> Tensor:
        offsets = torch.cat([torch.zeros_like(predicted[:, :9]), predicted[:, 9:]], dim=1)  # (B, 12, h, w)
        only_shift = torch.zeros_like(transform)  # (B, 3, 5)
        only_shift[:, :, 3] = transform[:, :, 3]
        return super()._coefficients(offsets, only_shift, mean)


class WithoutEdges(Harmonizer):
    """Does not read the object's edge."""

    def _read_scene(self, descriptor: Tensor, edges: EdgeProfiles, mean: Tensor) -> SceneReading:
        count = len(descriptor)
        summary = descriptor.new_zeros(count, self.edge_reader.outputs)
        scene = self.scene(torch.cat([descriptor, summary], dim=1))  # (B, scene_width)
        return SceneReading(scene, descriptor.new_zeros(count, 3, 5), descriptor.new_zeros(count))
