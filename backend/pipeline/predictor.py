"""Run the network on a close and a wide crop of the object, with references and without, and average the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import EdgeProfiles, edge_profiles
from raiha.backend.network.harmonizer import Harmonizer, SceneFeatures
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.crops import Crop, Crops
from raiha.backend.pipeline.references import LoadedReference
from raiha.gallery_tools.extractors.extractor import Extractor


@dataclass(frozen=True)
class Predictor:
    """A checkpoint that is ready to run.

    Attributes:
        network: in evaluation mode, on ``device``.
        extractor: with which the network was trained, on ``device``.
        settings: of the checkpoint.
        device: of torch.
    """

    network: Harmonizer
    extractor: Extractor
    settings: InferenceSettings
    device: str

    @torch.inference_mode()
    def predict(self, crops: Crops, references: list[LoadedReference]) -> Tensor:
        """Return how the object's colours should change.

        The wide crop is mirrored, so that the network's errors on it are independent of those on the close crop.

        Args:
            crops: of the request.
            references: at most ``MOST_REFERENCES``; none in the non-reference setting.

        Returns:
            (15, h, w) float32 transforms over the window of the close crop, on the CPU.
        """
        pictures, masks = self._batch(crops)  # (2, 3, S, S), (2, 1, S, S)
        edges = self._edges(crops.edge)
        content = self.extractor.maps(pictures)  # (2, D, S / 16, S / 16)
        predicted = self._transforms(self.network.scene_features(pictures, masks, content), edges)  # (2, 15, h, w)
        if references:
            tensors = self._reference_tensors(references)  # (1, K, 3, S, S), (1, K, D, S / 16, S / 16)
            features = self.network.scene_features(pictures, masks, content, *tensors)
            predicted = torch.lerp(predicted, self._transforms(features, edges), self.settings.reference_trust)
        wide = _resample(predicted[1].flip(-1), crops.wide.window, crops.close.window)  # (15, h, w)
        return ((predicted[0] + wide) / 2).cpu()  # (15, h, w)

    def _transforms(self, features: SceneFeatures, edges: EdgeProfiles) -> Tensor:
        """Return the mean (2, 15, h, w) of the predictions with the object's edge shown and hidden.

        The edge of a paste is no evidence, and what the network reads off it is noise; that of a recoloured object
        shows how it was recoloured. The more of a difference across the edge a transform explains, the less counts the
        prediction that does not see it.
        """
        shown = self.network.transforms(features, edges)
        hidden = self.network.transforms(features, edges.hidden())
        evidence = (shown.agreement.mean() / self.settings.edge_evidence).clamp(0, 1)
        return torch.lerp(shown.coefficients, hidden.coefficients, self.settings.hidden_edge * (1 - evidence))

    def _batch(self, crops: Crops) -> tuple[Tensor, Tensor]:
        """Return composites (2, 3, S, S) and masks (2, 1, S, S): the close crop, and the wide crop mirrored."""
        pictures = [self._tensor(crop.composite) for crop in (crops.close, crops.wide)]
        masks = [self._tensor(crop.mask) for crop in (crops.close, crops.wide)]
        return torch.stack([pictures[0], pictures[1].flip(-1)]), torch.stack([masks[0], masks[1].flip(-1)])

    def _edges(self, crop: Crop) -> EdgeProfiles:
        """Return the profiles across the object's edge, for a batch of 1."""
        picture, mask = self._tensor(crop.composite)[None], self._tensor(crop.mask)[None]
        return edge_profiles(picture, mask, self.settings.edge_lines)

    def _reference_tensors(self, references: list[LoadedReference]) -> tuple[Tensor, Tensor]:
        """Return pictures (1, K, 3, S, S) and content features (1, K, D, S / 16, S / 16)."""
        size = (self.settings.side, self.settings.side)
        pictures, contents = [], []
        for reference in references:
            resized = Image.fromarray(reference.pixels).resize(size, Image.Resampling.BILINEAR)
            pictures.append(self._tensor(np.asarray(resized, dtype=np.float32) / np.float32(255)))
            contents.append(_resized_content(reference.content, self.settings.side // 16).to(self.device))
        return torch.stack(pictures)[None], torch.stack(contents)[None]

    def _tensor(self, pixels: NDArray[np.float32]) -> Tensor:
        """Return (h, w, 3) or (h, w) pixels as (C, h, w)."""
        return torch.from_numpy(np.atleast_3d(pixels)).permute(2, 0, 1).to(self.device)


def _resample(coefficients: Tensor, source: Window, target: Window) -> Tensor:
    """Resample transforms (15, h, w) from one window to another, beyond the first by repeating its edge."""
    _, rows, columns = coefficients.shape

    def places(count: int, begin: int, length: int, source_begin: int, source_length: int) -> Tensor:
        centres = (torch.arange(count, device=coefficients.device) + 0.5) / count * length + begin
        return (centres - source_begin) / source_length * 2 - 1  # (count,), -1 to 1 over the source

    y = places(rows, target.y, target.height, source.y, source.height)
    x = places(columns, target.x, target.width, source.x, source.width)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)  # (h, w, 2)
    return F.grid_sample(coefficients[None], grid[None], padding_mode="border", align_corners=False)[0]


def _resized_content(content: NDArray[np.float32], side: int) -> Tensor:
    """Return content features (rows, columns, D) of a whole photo, stretched to (D, side, side), of unit length."""
    maps = torch.from_numpy(content).permute(2, 0, 1)[None]  # (1, D, rows, columns)
    return F.normalize(F.interpolate(maps, size=(side, side), mode="bilinear"), dim=1)[0]
