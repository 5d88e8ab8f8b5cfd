"""Predictions on two crops of the object, put together, and what references count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.network.harmonizer import Harmonizer, Prediction
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.bounds import object_bounds
from raiha.backend.pipeline.crops import Crops, read_crops
from raiha.backend.pipeline.predictor import Predictor
from raiha.backend.pipeline.references import LoadedReference
from raiha.backend.pipeline.request import HarmonizeRequest, UsedReference
from raiha.gallery_tools.extractors.extractor import load_extractor

SETTINGS = InferenceSettings()


class Echo(nn.Module):
    """Predicts as red's offset what red is at each place, 1 more for green with references, 1 for blue with an edge.

    Keeps the edge lines that it was called with in ``lines``; its agreement at the edge is ``agreement``.
    """

    agreement = 0.0

    def scene_features(self, composite, mask, content, references=None, contents=None):
        return F.avg_pool2d(composite[:, 0], 16), references is not None

    def transforms(self, features, edges):
        red, has_references = features
        predicted = torch.tensor(IDENTITY).view(1, -1, 1, 1).repeat(len(red), 1, *red.shape[1:])
        predicted[:, 3] += red
        predicted[:, 8] += float(has_references)
        predicted[:, 13] += edges.present.float().view(-1, 1, 1)
        self.lines = edges.profiles.shape[2]
        return Prediction(predicted, torch.full((len(red),), self.agreement))


def predictor(network: nn.Module, settings: InferenceSettings = SETTINGS) -> Predictor:
    return Predictor(network, load_extractor("bundled"), settings, "cpu")


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
    red = F.avg_pool2d(torch.from_numpy(crops.close.composite).permute(2, 0, 1), 16)[0]
    torch.testing.assert_close(predicted[3], red, atol=0.01, rtol=0)
    assert predicted[3, :, -1].mean() > predicted[3, :, 0].mean() + 0.1  # mirroring was undone


def test_references_count_as_far_as_the_checkpoint_trusts_them() -> None:
    photo = np.full((64, 64, 3), 128, np.uint8)
    content = load_extractor("bundled").content_features([photo])[0]
    reference = LoadedReference(photo, content, UsedReference(Path("chosen.jpg"), None, None, None, b""))
    for trust in (0.3, 0.8):
        settings = replace(SETTINGS, reference_trust=trust)
        predicted = predictor(Echo(), settings).predict(crops_of(ramps()), [reference])
        torch.testing.assert_close(predicted[8], torch.full_like(predicted[8], trust))


def test_the_edge_is_shown_and_hidden_as_the_checkpoint_weighs_it() -> None:
    for hidden in (0.0, 0.25, 1.0):
        predicted = predictor(Echo(), replace(SETTINGS, hidden_edge=hidden)).predict(crops_of(ramps()), [])
        torch.testing.assert_close(predicted[13], torch.full_like(predicted[13], 1 - hidden))


def test_an_edge_that_is_evidence_is_shown_alone() -> None:
    settings = replace(SETTINGS, hidden_edge=0.5, edge_evidence=1.0)
    for agreement, blue in ((-1.0, 0.5), (0.0, 0.5), (0.5, 0.75), (1.0, 1.0), (9.0, 1.0)):
        network = Echo()
        network.agreement = agreement
        predicted = predictor(network, settings).predict(crops_of(ramps()), [])
        torch.testing.assert_close(predicted[13], torch.full_like(predicted[13], blue))


def test_side_and_edge_lines_are_those_of_the_checkpoint() -> None:
    settings = replace(SETTINGS, side=128, edge_lines=77)
    network = Echo()
    assert predictor(network, settings).predict(crops_of(ramps(), settings), []).shape == (15, 8, 8)
    assert network.lines == 77


def test_an_untrained_network_changes_nothing_where_colours_go_on_across_the_edge() -> None:
    torch.manual_seed(0)
    crops = crops_of(np.full((300, 400, 3), 90, np.uint8))
    predicted = predictor(Harmonizer().eval()).predict(crops, [])
    picture = torch.from_numpy(crops.close.composite).permute(2, 0, 1)[None]
    torch.testing.assert_close(transform_colours(picture, predicted[None]), picture)
