"""The registry's ViTs through timm, from a local file. All weights here are random: real ones have to be fetched."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.extractors.registry import EXTRACTORS, ExtractorInfo
from raiha.gallery_tools.extractors.torch_extractor import extractor_of
from raiha.gallery_tools.extractors.weights import build_network, network_fingerprint


def tiny(name: str) -> ExtractorInfo:
    """Return an entry of the registry with timm's smallest ViT in place of its own."""
    return replace(EXTRACTORS[name], architecture="test_vit", dimension=64, stride=16)


def random_weights(architecture: str, file: Path, *, prefix: str = "") -> Path:
    """Random weights of a timm model in a file, as the hub (safetensors) or DVT (a checkpoint of PyTorch) has them."""
    torch.manual_seed(0)
    model = timm.create_model(architecture, pretrained=False, num_classes=0, dynamic_img_size=True)
    state = {prefix + name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save({"model": state}, file)
    return file


def features(extractor: Extractor) -> np.ndarray:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return extractor.content_features([photo])[0]


def test_dinov2_s_at_its_real_size_loads_random_weights_from_a_file(tmp_path: Path) -> None:
    info = EXTRACTORS["dinov2-s"]
    weights = random_weights(info.architecture, tmp_path / "random.safetensors")
    found = features(load_extractor("dinov2-s", weights))
    assert found.shape == (24, 32, 384)
    assert np.allclose(np.linalg.norm(found, axis=2), 1, atol=1e-4)


@pytest.mark.parametrize(("name", "file"), [("dinov2-b", "random.safetensors"), ("dvt-b", "random.pth")])
def test_the_larger_ones_load_a_tiny_vit_from_a_file_of_their_format(tmp_path: Path, name: str, file: str) -> None:
    weights = random_weights("test_vit", tmp_path / file, prefix="model." if name == "dvt-b" else "")
    found = features(extractor_of(tiny(name), build_network(tiny(name), weights)[0]))
    assert found.shape == (21, 28, 64)
    assert np.allclose(np.linalg.norm(found, axis=2), 1, atol=1e-4)


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_the_fingerprint_is_that_of_the_weights_and_not_of_the_file(tmp_path: Path, ending: str) -> None:
    info = tiny("dinov2-s")
    weights = random_weights("test_vit", tmp_path / f"random.{ending}")
    network, fingerprint = build_network(info, weights)
    _, same = build_network(info, random_weights("test_vit", tmp_path / "again.safetensors"))
    assert fingerprint == same
    with torch.no_grad():
        next(network.parameters()).add_(1)
    assert network_fingerprint(network) != fingerprint


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    weights = random_weights("test_vit", tmp_path / "random.safetensors")
    with pytest.raises(RaihaError, match="belong to another network"):
        load_extractor("dinov2-s", weights)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    made = tmp_path / "made by the checkpoint"

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(made),)

    torch.save({"cls_token": Payload()}, tmp_path / "weights.pth")
    with pytest.raises(RaihaError, match="is not a checkpoint"):
        load_extractor("dinov2-s", tmp_path / "weights.pth")
    assert not made.exists()
