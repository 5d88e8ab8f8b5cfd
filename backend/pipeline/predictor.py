"""Run the network on a close and a wide crop of the object, with references and without, and average the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.network.edge_lines import edge_lines
from raiha.backend.network.engine import Engine, References, Scene
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.crops import Crops
from raiha.backend.pipeline.interpolation import centres, grid_weights, resized
from raiha.backend.pipeline.references import LoadedReference
from raiha.gallery_tools.extractors.extractor import Extractor

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Predictor:
    """A checkpoint that is ready to run.

    Attributes:
        engine: runs the network.
        extractor: with which the network was trained.
        settings: of the checkpoint.
    """

    engine: Engine
    extractor: Extractor
    settings: InferenceSettings

    def predict(self, crops: Crops, references: list[LoadedReference]) -> Maps:
        """Return how the object's colours should change.

        The wide crop is mirrored, so that the network's errors on it are independent of those on the close crop.

        Args:
            crops: of the request.
            references: at most ``MOST_REFERENCES``; none in the non-reference setting.

        Returns:
            (15, h, w) transforms over the window of the close crop.
        """
        predictions = self.engine.predict(self._scene(crops, references))
        settings = [self._weighed(*each) for each in zip(*predictions, strict=True)]  # (2, 15, h, w) each
        trust = self.settings.reference_trust if references else 0.0
        predicted = settings[0] + np.float32(trust) * (settings[-1] - settings[0])
        wide = _resampled(predicted[1][..., ::-1], crops.wide.window, crops.close.window)  # (15, h, w)
        mean: Maps = (predicted[0] + wide) / 2
        return mean

    def _scene(self, crops: Crops, references: list[LoadedReference]) -> Scene:
        """Return what the network is to see: the close crop, and the wide crop mirrored."""
        composites = np.stack([crops.close.composite, crops.wide.composite[:, ::-1]])  # (2, S, S, 3)
        pictures = np.ascontiguousarray(composites.transpose(0, 3, 1, 2))  # (2, 3, S, S)
        masks = np.stack([crops.close.mask, crops.wide.mask[:, ::-1]])[:, None]  # (2, 1, S, S)
        content = self.extractor.maps(pictures)  # (2, D, S / 16, S / 16)
        edge = edge_lines(crops.edge.composite, crops.edge.mask, self.settings.edge_lines)
        return Scene(pictures, masks, content, edge, self._references(references))

    def _weighed(self, coefficients: Maps, agreement: Maps) -> Maps:
        """Return the mean (2, 15, h, w) of the predictions with the object's edge shown and hidden.

        The edge of a paste is no evidence, and what the network reads off it is noise; that of a recoloured object
        shows how it was recoloured. The more of a difference across the edge a transform explains, the less counts the
        prediction that does not see it.
        """
        shown, hidden = coefficients
        evidence = np.clip(agreement[0].mean() / self.settings.edge_evidence, 0, 1)
        weighed: Maps = shown + np.float32(self.settings.hidden_edge * (1 - evidence)) * (hidden - shown)
        return weighed

    def _references(self, references: list[LoadedReference]) -> References | None:
        """Return references at the network's size; None if there are none."""
        if not references:
            return None
        side = self.settings.side
        pictures, contents = [], []
        for reference in references:
            picture = Image.fromarray(reference.pixels).resize((side, side), Image.Resampling.BILINEAR)
            pictures.append(np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) / np.float32(255))
            contents.append(_resized_content(reference.content, side // 16))
        return References(np.stack(pictures), np.stack(contents))


def _resampled(coefficients: Maps, source: Window, target: Window) -> Maps:
    """Resample transforms (15, h, w) from one window to another, beyond the first by repeating its edge."""
    _, rows, columns = coefficients.shape
    down = grid_weights(centres(target.y, target.height, rows), source.y, source.height, rows)
    across = grid_weights(centres(target.x, target.width, columns), source.x, source.width, columns)
    resampled: Maps = down @ coefficients @ across.T
    return resampled


def _resized_content(content: NDArray[np.float32], side: int) -> Maps:
    """Return content features (rows, columns, D) of a whole photo, stretched to (D, side, side), of unit length."""
    maps = resized(content.transpose(2, 0, 1), (side, side))
    unit: Maps = maps / np.linalg.norm(maps, axis=0).clip(1e-12)
    return unit
