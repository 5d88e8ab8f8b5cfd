"""What the network says of an object, seen closely and widely, with references and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import edge_profiles
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.pipeline.bounds import Window
from raiha.backend.pipeline.confidence import shrink_doubtful_changes
from raiha.backend.pipeline.crops import WorkingCopy, around_object, close_up, reduced, window_around
from raiha.backend.pipeline.references import LoadedReference
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.extractors.extractor import Extractor

NETWORK_SIDE = 256
"""Of the pictures that the network sees: as at the end of its training on a GPU (training/configs/shipped.toml)."""

CLOSE, WIDE = 1.5, 2.5
"""Sides of the network's two windows as multiples of the object's longer side."""

EDGE_LINES = 1200
"""Lines across the object's edge, more than in training: chosen on the val split (docs/figures.md)."""

TRUST = 0.3
"""Share of what is said with references in the mean with what is said without: a user's photos rarely have the very
light of the scene. Chosen on the val split (docs/figures.md)."""


@dataclass(frozen=True)
class Views:
    """The object as the network sees it.

    Attributes:
        close: in its surroundings.
        wide: in more of them, shown mirrored, as its errors are others then.
        edge: the close window with all its pixels, to read the object's edge from.
    """

    close: WorkingCopy
    wide: WorkingCopy
    edge: WorkingCopy


def views_of(request: HarmonizeRequest, bounds: Window) -> Views:
    """The working copies of a composite around the object's ``bounds``."""
    close = around_object(request, bounds, side=NETWORK_SIDE, context=CLOSE)
    larger = window_around(request, bounds, WIDE)
    wide = close if larger == close.window else reduced(request, larger, (NETWORK_SIDE, NETWORK_SIDE))
    return Views(close, wide, close_up(request, close.window))


@torch.inference_mode()
def predict(
    network: Harmonizer, extractor: Extractor, views: Views, references: list[LoadedReference], device: str
) -> Tensor:
    """How the object's colours change.

    Args:
        network: on ``device``.
        extractor: that the network was trained with, on ``device``.
        views: of the object.
        references: at most as many as the network takes; none in the non-reference setting.
        device: of torch.

    Returns:
        (15, h, w) float32 transforms over the window of the close view, on the CPU.
    """
    pictures, masks = _pictures(views, device)
    edge = _tensor(views.edge.composite, device)[None], _tensor(views.edge.mask, device)[None]
    edges = edge_profiles(*edge, EDGE_LINES)
    content = extractor.maps(pictures)
    said, agreement = network(pictures, masks, content, edges=edges)
    if references:
        tensors = _reference_tensors(references, device)
        with_references, _ = network(pictures, masks, content, *tensors, edges=edges)
        said = torch.lerp(said, with_references, TRUST)
    close, wide = said[0], _moved(said[1].flip(-1), views.wide.window, views.close.window)
    return shrink_doubtful_changes((close + wide) / 2, pictures[0], masks[0, 0], float(agreement.mean())).cpu()


def _tensor(pixels: NDArray[np.float32], device: str) -> Tensor:
    """(h, w, 3) or (h, w) to (C, h, w)."""
    return torch.from_numpy(np.atleast_3d(pixels)).permute(2, 0, 1).to(device)


def _pictures(views: Views, device: str) -> tuple[Tensor, Tensor]:
    """Composites (2, 3, S, S) and masks (2, 1, S, S) as the network takes them."""
    close, wide = ((_tensor(copy.composite, device), _tensor(copy.mask, device)) for copy in (views.close, views.wide))
    return torch.stack([close[0], wide[0].flip(-1)]), torch.stack([close[1], wide[1].flip(-1)])


def _moved(coefficients: Tensor, origin: Window, target: Window) -> Tensor:
    """Coefficients (15, h, w) over one window as (15, h, w) over another; beyond the first its edge goes on."""
    _, rows, columns = coefficients.shape

    def places(count: int, begin: int, length: int, origin_begin: int, origin_length: int) -> Tensor:
        centres = (torch.arange(count, device=coefficients.device) + 0.5) / count * length + begin
        return (centres - origin_begin) / origin_length * 2 - 1

    y = places(rows, target.y, target.height, origin.y, origin.height)
    x = places(columns, target.x, target.width, origin.x, origin.width)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)
    return F.grid_sample(coefficients[None], grid[None], padding_mode="border", align_corners=False)[0]


def _resized_content(content: NDArray[np.float32]) -> Tensor:
    """Content features (rows, columns, D) of a whole photo as (D, S / 16, S / 16), its pixels stretched to a square."""
    maps = torch.from_numpy(content).permute(2, 0, 1)[None]
    side = NETWORK_SIDE // 16
    return F.normalize(F.interpolate(maps, size=(side, side), mode="bilinear"), dim=1)[0]


def _reference_tensors(references: list[LoadedReference], device: str) -> tuple[Tensor, Tensor]:
    """Pictures (1, K, 3, S, S) and content (1, K, D, S / 16, S / 16), S the network's side."""
    size = (NETWORK_SIDE, NETWORK_SIDE)
    pictures, contents = [], []
    for reference in references:
        resized = Image.fromarray(reference.pixels).resize(size, Image.Resampling.BILINEAR)
        pictures.append(_tensor(np.asarray(resized, dtype=np.float32) / np.float32(255), device))
        contents.append(_resized_content(reference.content).to(device))
    return torch.stack(pictures)[None], torch.stack(contents)[None]
