"""Two views of the object, put together, and what references count."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from raiha.backend.network.colour_transform import IDENTITY, transform_colours
from raiha.backend.network.harmonizer import Harmonizer, NetworkConfig
from raiha.backend.pipeline import predictor
from raiha.backend.pipeline.bounds import object_bounds
from raiha.backend.pipeline.predictor import TRUST, Views, predict, views_of
from raiha.backend.pipeline.references import LoadedReference
from raiha.backend.pipeline.request import HarmonizeRequest, UsedReference
from raiha.gallery_tools.extractors.extractor import load_extractor


class Echo(nn.Module):
    """Says as red's offset what red is at each place, and 1 more for green when there are references."""

    def forward(self, composite, mask, content, references=None, contents=None, edges=None):
        red = F.avg_pool2d(composite[:, 0], 16)
        said = torch.tensor(IDENTITY).view(1, -1, 1, 1).repeat(len(composite), 1, *red.shape[1:])
        said[:, 3] += red
        said[:, 8] += float(references is not None)
        return said, torch.ones(len(composite))


def request() -> HarmonizeRequest:
    """A small object, off the middle of a picture whose red grows to the right and whose green grows downwards."""
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, 400)
    picture[..., 1] = np.linspace(0, 255, 300)[:, None]
    mask = np.zeros((300, 400), np.uint8)
    mask[180:220, 290:340] = 255
    return HarmonizeRequest(picture, picture, mask=mask)


def seen() -> Views:
    asked = request()
    return views_of(asked, object_bounds(asked))


@pytest.fixture
def no_shrinkage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "shrink_doubtful_changes", lambda coefficients, *_: coefficients)


@pytest.mark.usefixtures("no_shrinkage")
def test_what_is_said_of_a_place_agrees_in_both_views() -> None:
    views = seen()
    assert views.wide.window.width > views.close.window.width
    said = predict(Echo(), load_extractor("bundled"), views, [], "cpu")
    red = F.avg_pool2d(torch.from_numpy(views.close.composite).permute(2, 0, 1), 16)[0]
    torch.testing.assert_close(said[3], red, atol=0.01, rtol=0)
    assert said[3, :, -1].mean() > said[3, :, 0].mean() + 0.1  # mirroring was undone


@pytest.mark.usefixtures("no_shrinkage")
def test_references_count_for_a_part() -> None:
    photo = np.full((64, 64, 3), 128, np.uint8)
    content = load_extractor("bundled").content_features([photo])[0]
    reference = LoadedReference(photo, content, UsedReference(None, None, None, None, b""))
    said = predict(Echo(), load_extractor("bundled"), seen(), [reference], "cpu")
    torch.testing.assert_close(said[8], torch.full_like(said[8], TRUST))


def test_an_untrained_network_changes_nothing() -> None:
    views = seen()
    said = predict(Harmonizer(NetworkConfig(edges=False)).eval(), load_extractor("bundled"), views, [], "cpu")
    picture = torch.from_numpy(views.close.composite).permute(2, 0, 1)[None]
    torch.testing.assert_close(transform_colours(picture, said[None]), picture)
