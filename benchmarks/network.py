"""Measure size and speed of the harmonization network on an image of 256 px.

``python benchmarks/network.py --json`` prints:

* parameters: of network and extractor together; parameters_network and parameters_extractor: of each;
* macs, macs_4_refs: multiply-accumulates of the network without references and with 4; macs_extractor: of the
  extractor on the composite;
* ms_0_refs, ms_4_refs: median milliseconds of one pass of the network on the CPU with --threads (2); ms_extractor: the
  same of the extractor on the composite;
* ms_0_refs_served, ms_4_refs_served: the network's stage of a whole request: extractor and network on the close and
  the wide crop;
* fastest: the minimum of each of these, the better measure on a busy machine;
* gpu: the same milliseconds on a GPU, or null if there is none;
* limits and within_limits: the project's own limits, and whether this run kept them;
* published: sizes of published networks.

Reading references and computing their content features are not included: a gallery holds the features.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.weights import load_network
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.extractors.extractor import load_extractor
from raiha.gallery_tools.extractors.registry import extractor_info
from raiha.gallery_tools.extractors.weights import build_network

SIDE = 256
REFERENCES = 4
PHOTOS = sorted((Path(__file__).parent.parent / "samples" / "photos").glob("*.jpg"))[: REFERENCES + 1]
LIMITS = {"parameters": 6_000_000, "ms_0_refs": 150, "ms_4_refs": 300}
PUBLISHED = {
    "HDNet": {"parameters": 10_400_000, "base_channels": 32},
    "PCT-Net ViT": {"parameters": 4_800_000},
}


def composite_photo() -> np.ndarray:
    with Image.open(PHOTOS[0]) as image:
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE)))


def composite_picture() -> Tensor:
    """Return (1, 3, 256, 256) in [0, 1]."""
    return torch.from_numpy(composite_photo() / np.float32(255)).permute(2, 0, 1)[None].contiguous()


def object_mask() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[64:192, 80:176] = 255
    return mask


def network_inputs(network: Harmonizer, references: int, device: str) -> list[Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    content = torch.randn(
        1, 1 + references, network.config.content_channels, SIDE // 16, SIDE // 16, generator=generator
    )
    pictures = torch.rand(1, references, 3, SIDE, SIDE, generator=generator)
    inputs: list[Tensor | None] = [
        composite_picture().to(device),
        torch.from_numpy(object_mask() / np.float32(255))[None, None].to(device),
        content[:, 0].to(device),
    ]
    return inputs + ([pictures.to(device), content[:, 1:].to(device)] if references else [None, None])


def parameters(module: nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())


def macs(work: Callable[[], Any]) -> int:
    # In its plain form, attention consists of products that the counter counts on every device.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        work()
    return int(counter.get_total_flops() // 2)


def seconds_of_rounds(work: Callable[[], Any], rounds: int, device: str) -> list[float]:
    """Return the seconds of each round, after a third as many rounds to warm up."""

    def seconds() -> float:
        began = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    for _ in range(max(1, rounds // 3)):
        seconds()
    return [seconds() for _ in range(rounds)]


def served_seconds(pipeline: Pipeline, references: int, rounds: int) -> list[float]:
    """Return the seconds of the network's stage in whole requests."""
    photo = composite_photo()
    request = HarmonizeRequest(photo, photo, mask=object_mask(), references=tuple(PHOTOS[1 : 1 + references]))
    requests = (pipeline.harmonize(request, lambda *_: None, lambda: False) for _ in range(rounds + 2))
    return [result.seconds["network"] for result in requests][2:]


@torch.inference_mode()
def speeds(weights: Path, device: str, rounds: int) -> dict[str, Any]:
    network = load_network(weights, device)
    extractor, picture = load_extractor(network.config.extractor, device=device), composite_picture().to(device)
    pipeline = Pipeline(device, weights)
    seconds = {}
    for references in (0, REFERENCES):
        inputs = network_inputs(network, references, device)
        name = f"ms_{references}_refs"
        seconds[name] = seconds_of_rounds(lambda inputs=inputs: network(*inputs), rounds, device)
        seconds[f"{name}_served"] = served_seconds(pipeline, references, max(1, rounds // 4))
    seconds["ms_extractor"] = seconds_of_rounds(lambda: extractor.maps(picture), rounds, device)
    medians = {name: round(1000 * statistics.median(times), 2) for name, times in seconds.items()}
    return {**medians, "fastest": {name: round(1000 * min(times), 2) for name, times in seconds.items()}}


@torch.inference_mode()
def sizes(weights: Path) -> dict[str, int]:
    network = load_network(weights)
    module, _ = build_network(extractor_info(network.config.extractor))
    extractor, picture = load_extractor(network.config.extractor), composite_picture()
    return {
        "parameters": parameters(network) + parameters(module),
        "parameters_network": parameters(network),
        "parameters_extractor": parameters(module),
        "macs": macs(lambda: network(*network_inputs(network, 0, "cpu"))),
        f"macs_{REFERENCES}_refs": macs(lambda: network(*network_inputs(network, REFERENCES, "cpu"))),
        "macs_extractor": macs(lambda: extractor.maps(picture)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report: dict[str, Any] = {**sizes(options.weights), **speeds(options.weights, "cpu", options.rounds)}
    report["gpu"] = None
    if torch.cuda.is_available():
        report["gpu"] = {
            "name": torch.cuda.get_device_name(),
            **speeds(options.weights, "cuda", options.rounds),
        }
    report["limits"] = LIMITS
    report["within_limits"] = {name: report[name] <= limit for name, limit in LIMITS.items()}
    report["published"] = PUBLISHED
    report["threads"] = options.threads
    report["machine"] = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    report["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items()))


if __name__ == "__main__":
    main()
