"""ONNX Runtime and torch give the same features, predictions and layers, and the core does without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from raiha.backend.network.checkpoint_metadata import read_inference_settings
from raiha.backend.network.edge_lines import edge_lines
from raiha.backend.network.edge_profiles import edge_profiles
from raiha.backend.network.engine import References, Scene, load_engine
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.onnx_engine import OnnxEngine
from raiha.backend.network.torch_engine import TorchEngine
from raiha.backend.network.weights import save_network
from raiha.gallery_tools import devices
from raiha.gallery_tools.devices import CPU, TORCH_CPU, chosen_device
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import load_extractor

SAMPLES = Path(__file__).parents[2] / "samples"
PHOTOS = sorted((SAMPLES / "photos").glob("coco*.jpg"))
SETTINGS = read_inference_settings()
SIDE = SETTINGS.side


def pictures(count: int) -> np.ndarray:
    """(count, 3, SIDE, SIDE) photos in [0, 1]."""
    return np.stack(
        [
            np.asarray(Image.open(file).convert("RGB").resize((SIDE, SIDE)), np.float32).transpose(2, 0, 1) / 255
            for file in PHOTOS[:count]
        ]
    )


def mask(left: int = 70) -> np.ndarray:
    whole = np.zeros((SIDE, SIDE), np.float32)
    whole[60:150, left : left + 80] = 1
    return whole


def scene(references: int, *, edge: bool = True) -> Scene:
    seen, extractor = pictures(2 + references), load_extractor(device=CPU)
    lines = edge_lines(
        seen[0].transpose(1, 2, 0), mask() if edge else np.ones((SIDE, SIDE), np.float32), SETTINGS.edge_lines
    )
    others = References(seen[2:], extractor.maps(seen[2:])) if references else None
    masks = np.stack([mask(), mask(20)])[:, None]
    return Scene(seen[:2], masks, extractor.maps(seen[:2]), lines, others)


@pytest.mark.parametrize(("references", "edge"), [(0, True), (0, False), (1, True), (4, True)])
def test_predictions_are_the_same(references: int, edge: bool) -> None:
    seen = scene(references, edge=edge)
    engines = [load_engine(device=device) for device in (CPU, TORCH_CPU)]
    assert [type(engine) for engine in engines] == [OnnxEngine, TorchEngine]
    ours, theirs = (engine.predict(seen) for engine in engines)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape and len(one) == min(2, 1 + references)
        np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("size", [(448, 304), (304, 448), (16, 48), (192, 192)])
def test_content_features_are_the_same(size: tuple[int, int]) -> None:
    seen = np.random.default_rng(0).random((2, 3, *size), np.float32)
    ours, theirs = (load_extractor(device=device) for device in (CPU, TORCH_CPU))
    np.testing.assert_allclose(ours.maps(seen), theirs.maps(seen), atol=1e-4)
    assert ours.fingerprint == theirs.fingerprint


@pytest.mark.parametrize("lines", [1, 77, 1200])
def test_lines_across_the_edge_are_the_same(lines: int) -> None:
    picture = pictures(1)
    found = edge_lines(picture[0].transpose(1, 2, 0), mask(3), lines)
    wanted = edge_profiles(torch.from_numpy(picture), torch.from_numpy(mask(3))[None, None], lines)
    np.testing.assert_allclose(found.profiles, wanted.profiles[0].numpy(), atol=1e-4)
    assert found.present and bool(wanted.present)


@pytest.mark.parametrize("cover", [0, 1])
def test_objects_without_an_edge_are_marked(cover: int) -> None:
    assert not edge_lines(pictures(1)[0].transpose(1, 2, 0), np.full((SIDE, SIDE), cover, np.float32), 9).present


def test_networks_of_another_shape_run_in_torch_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "narrow.safetensors"
    config = NetworkConfig(width=32, scene_width=64)
    save_network(Harmonizer(config).state_dict(), config, SETTINGS, file, {})
    assert load_engine(file, CPU).predict(scene(0)).coefficients.shape[:4] == (1, 2, 2, 15)
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RaihaError, match="needs PyTorch") as caught:
        load_engine(file, CPU)
    assert "raiha[torch]" in caught.value.remedy


def test_extractors_of_torch_name_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None)
    assert chosen_device() == CPU
    with pytest.raises(RaihaError, match="The extractor dinov2-s needs PyTorch"):
        load_extractor("dinov2-s")


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(RaihaError, match="cannot use the device") as caught:
        chosen_device("cuda:77")
    assert "auto" in caught.value.remedy


def test_harmonizing_indexing_and_searching_import_no_torch(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for file in PHOTOS[:3]:
        (photos / file.name).symlink_to(file)
    spot = np.zeros((480, 640), np.uint8)
    spot[200:300, 200:300] = 255
    Image.fromarray(spot).resize(Image.open(PHOTOS[0]).size).save(tmp_path / "mask.png")
    picture, object_mask, output = str(PHOTOS[0]), str(tmp_path / "mask.png"), str(tmp_path / "out.png")
    commands = [
        ["index", str(photos)],
        ["search", picture, "--mask", object_mask],
        ["harmonize", picture, "--mask", object_mask, "--gallery", "default", "--no-daemon", "-o", output],
        ["harmonize", picture, "--mask", object_mask, "--reference", str(PHOTOS[1]), "--no-daemon", "-o", output],
        ["models", "list"],
        ["doctor"],
    ]
    program = f"""
import contextlib, sys
from raiha.backend.commands.main import app
for words in {commands}:
    with contextlib.suppress(SystemExit):
        app(words)
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "torchvision", "timm"} & set(ran.stderr.splitlines())
    assert (tmp_path / "out.png").is_file()
