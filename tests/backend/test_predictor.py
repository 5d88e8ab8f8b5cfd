"""Predictions on two crops of the object, put together, and what references count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raiha.backend.network.checkpoint_metadata import read_inference_settings
from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.network.engine import Engine, Predictions, Scene, load_engine
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import save_network
from raiha.backend.pipeline.bounds import object_bounds
from raiha.backend.pipeline.crops import Crops, read_crops
from raiha.backend.pipeline.predictor import Predictor
from raiha.backend.pipeline.references import LoadedReference
from raiha.backend.pipeline.request import HarmonizeRequest, UsedReference
from raiha.gallery_tools.extractors.extractor import load_extractor

SETTINGS = read_inference_settings()


class Echo:
    """Predicts as red's offset what red is at each place, 1 more for green with references, 1 for blue with an edge.

    Keeps the edge lines that it was called with in ``lines``; its agreement at the edge is ``agreement``.
    """

    agreement = 0.0

    def predict(self, scene: Scene) -> Predictions:
        red = cell_means(scene.pictures[:, 0])  # (2, h, w)
        settings = 1 if scene.references is None else 2
        predicted = np.zeros((settings, 2, 2, 15, *red.shape[1:]), np.float32)
        predicted += np.array(IDENTITY, np.float32).reshape(15, 1, 1)
        predicted[..., 3, :, :] += red
        predicted[1:, ..., 8, :, :] += 1
        predicted[:, 0, :, 13] += 1
        self.lines = scene.edge.profiles.shape[1]
        return Predictions(predicted, np.full((settings, 2, 2), self.agreement, np.float32))


def cell_means(planes: np.ndarray) -> np.ndarray:
    """Return the means of squares of 16 pixels."""
    *many, height, width = planes.shape
    return planes.reshape(*many, height // 16, 16, width // 16, 16).mean((-3, -1))


def predictor(engine: Engine, settings: InferenceSettings = SETTINGS) -> Predictor:
    return Predictor(engine, load_extractor("bundled"), settings)


def crops_of(picture: np.ndarray, settings: InferenceSettings = SETTINGS) -> Crops:
    """Return the crops of a small object, off the middle of a picture of 400 x 300 pixels."""
    mask = np.zeros((300, 400), np.uint8)
    mask[180:220, 290:340] = 255
    request = HarmonizeRequest(picture, picture, mask=mask)
    return read_crops(request, object_bounds(request), settings)


def ramps() -> np.ndarray:
    """Return a picture whose red grows to the right and whose green grows downwards."""
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, 400)
    picture[..., 1] = np.linspace(0, 255, 300)[:, None]
    return picture


def test_predictions_for_one_place_agree_in_both_crops() -> None:
    crops = crops_of(ramps())
    assert crops.wide.window.width > crops.close.window.width
    predicted = predictor(Echo()).predict(crops, [])
    red = cell_means(crops.close.composite[..., 0])
    np.testing.assert_allclose(predicted[3], red, atol=0.01)
    assert predicted[3, :, -1].mean() > predicted[3, :, 0].mean() + 0.1  # mirroring was undone


def test_references_count_as_far_as_the_checkpoint_trusts_them() -> None:
    photo = np.full((64, 64, 3), 128, np.uint8)
    content = load_extractor("bundled").content_features([photo])[0]
    reference = LoadedReference(photo, content, UsedReference(Path("chosen.jpg"), None, None, None, b""))
    for trust in (0.3, 0.8):
        settings = replace(SETTINGS, reference_trust=trust)
        predicted = predictor(Echo(), settings).predict(crops_of(ramps()), [reference])
        np.testing.assert_allclose(predicted[8], trust, atol=1e-5)


def test_the_edge_is_shown_and_hidden_as_the_checkpoint_weighs_it() -> None:
    for hidden in (0.0, 0.25, 1.0):
        predicted = predictor(Echo(), replace(SETTINGS, hidden_edge=hidden)).predict(crops_of(ramps()), [])
        np.testing.assert_allclose(predicted[13], 1 - hidden, atol=1e-5)


def test_an_edge_that_is_evidence_is_shown_alone() -> None:
    settings = replace(SETTINGS, hidden_edge=0.5, edge_evidence=1.0)
    for agreement, blue in ((-1.0, 0.5), (0.0, 0.5), (0.5, 0.75), (1.0, 1.0), (9.0, 1.0)):
        network = Echo()
        network.agreement = agreement
        predicted = predictor(network, settings).predict(crops_of(ramps()), [])
        np.testing.assert_allclose(predicted[13], blue, atol=1e-5)


def test_side_and_edge_lines_are_those_of_the_checkpoint() -> None:
    settings = replace(SETTINGS, side=128, edge_lines=77)
    network = Echo()
    assert predictor(network, settings).predict(crops_of(ramps(), settings), []).shape == (15, 8, 8)
    assert network.lines == 77


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_an_untrained_network_changes_nothing_where_colours_go_on_across_the_edge(tmp_path: Path, device: str) -> None:
    torch.manual_seed(0)
    save_network(Harmonizer().state_dict(), NetworkConfig(), SETTINGS, tmp_path / "untrained.safetensors", {})
    crops = crops_of(np.full((300, 400, 3), 90, np.uint8))
    predicted = predictor(load_engine(tmp_path / "untrained.safetensors", device)).predict(crops, [])
    picture = torch.from_numpy(crops.close.composite).permute(2, 0, 1)[None]
    changed = transform_colours(picture, torch.from_numpy(predicted[None]))
    torch.testing.assert_close(changed, picture, atol=1e-3, rtol=0)
