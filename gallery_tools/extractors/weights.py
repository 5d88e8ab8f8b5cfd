"""Builds an extractor in torch: weights from this package, from a file that the user names, or from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.content_net import ContentNet
from raiha.gallery_tools.extractors.fingerprint import fingerprint_of
from raiha.gallery_tools.extractors.folding import fold_batch_norms
from raiha.gallery_tools.extractors.hub import hub_file
from raiha.gallery_tools.extractors.registry import BUNDLED_WEIGHTS, ExtractorInfo


class VisionTransformerPatches(nn.Module):
    """A timm ViT as an extractor: its last layer's patch tokens as a map of unit-length content features."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, photos: Tensor) -> Tensor:
        """(B, 3, H, W) normalised photos, sides multiples of the patch, to (B, d, rows, columns)."""
        features: list[Tensor] = self.model.forward_intermediates(  # type: ignore[operator]
            photos, indices=1, norm=True, intermediates_only=True
        )
        return F.normalize(features[-1], dim=1)


def _read_state(file: Path) -> dict[str, Tensor]:
    """Return a checkpoint's tensors, as float32.

    Raises:
        RaihaError: "weights-missing" or "weights-damaged".
    """
    if not file.is_file():
        raise RaihaError(
            "weights-missing",
            f"The weights file {file} is not there.",
            "Install Raiha again, or name the right file with --weights.",
        )
    try:
        if file.suffix == ".safetensors":
            state: dict[str, Any] = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
        return {key.removeprefix("model."): value.float() for key, value in state.get("model", state).items()}
    except (SafetensorError, RuntimeError, ValueError, EOFError, AttributeError, OSError, KeyError) as error:
        raise RaihaError(
            "weights-damaged",
            f"The weights file {file} is damaged: {error}.",
            "Install Raiha again, or fetch the file again.",
        ) from error
    except Exception as error:  # pickle errors have no common base but Exception
        raise RaihaError(
            "weights-damaged",
            f"The weights file {file} is not a checkpoint: {error}.",
            "Fetch the file again.",
        ) from error


def _load_into(model: nn.Module, state: dict[str, Tensor], file: Path | str) -> nn.Module:
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise RaihaError(
            "weights-damaged",
            f"The weights in {file} belong to another network: {str(error).splitlines()[-1].strip()}",
            "Name the file that belongs to this extractor.",
        ) from error
    return model


def network_fingerprint(network: nn.Module) -> str:
    """Return the fingerprint of a network's weights."""
    return fingerprint_of({name: tensor.float().numpy() for name, tensor in network.state_dict().items()})


def build_network(info: ExtractorInfo, weights: Path | None = None) -> tuple[nn.Module, str]:
    """Return the extractor's network with its weights, in evaluation mode, and the fingerprint of the weights.

    Args:
        info: entry of the registry.
        weights: a local checkpoint to be used instead of the usual one.

    Raises:
        RaihaError: "weights-missing", "weights-damaged" or "hub-unreachable".
    """
    if info.file_format == "bundled":
        file = weights or BUNDLED_WEIGHTS
        network = _load_into(ContentNet(), _read_state(file), file).eval()
        fingerprint = network_fingerprint(network)
        fold_batch_norms(network)
        return network, fingerprint
    try:
        if weights is None and info.file_format == "dvt":
            weights = hub_file(info)
        model = timm.create_model(info.architecture, pretrained=weights is None, num_classes=0, dynamic_img_size=True)
    except OSError as error:
        raise RaihaError(
            "hub-unreachable",
            f"The weights of {info.name} could not be fetched from the hub: {error}.",
            "Connect to the internet once, or name a local file with --weights; the bundled extractor needs neither.",
        ) from error
    if weights is not None:
        _load_into(model, _read_state(weights), weights)
    network = VisionTransformerPatches(model).eval()
    return network, network_fingerprint(network)
