"""Measure size and speed of the harmonization network on crops of the size that the shipped checkpoint takes.

``python benchmarks/network.py --json`` prints:

* parameters: of network and extractor together; parameters_network and parameters_extractor: of each;
* macs, macs_4_refs: multiply-accumulates of the network on a crop, without references and with 4; macs_extractor: of
  the extractor on it;
* ms_0_refs, ms_4_refs: median milliseconds of all that the network is asked about a request, in ONNX Runtime on the CPU
  with --threads (2): both crops, the edge shown and hidden, and with references both settings; ms_extractor: of the
  extractor on a crop;
* ms_0_refs_served, ms_4_refs_served: the network's stage of a whole request: extractor, network and the fit;
* fastest: the minimum of each of these, the better measure on a busy machine;
* of_torch: ms_0_refs by the same in torch, with as many threads, measured in turns;
* gpu: the same milliseconds in torch on a GPU, or null if there is none;
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
import onnxruntime
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_inference_settings
from raiha.backend.network.edge_lines import edge_lines
from raiha.backend.network.engine import References, Scene, load_engine
from raiha.backend.network.weights import load_network
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.gallery_tools.devices import CPU, TORCH_CPU
from raiha.gallery_tools.extractors.extractor import load_extractor
from raiha.gallery_tools.extractors.registry import extractor_info
from raiha.gallery_tools.extractors.torch_extractor import load_torch_extractor
from raiha.gallery_tools.extractors.weights import build_network

SETTINGS = read_inference_settings()
SIDE = SETTINGS.side
REFERENCES = 4
PHOTOS = sorted((Path(__file__).parent.parent / "samples" / "photos").glob("*.jpg"))[: REFERENCES + 1]
LIMITS = {"parameters": 6_000_000, "ms_0_refs": 150, "ms_4_refs": 300, "of_torch": 1.0}
PUBLISHED = {
    "HDNet": {"parameters": 10_400_000, "base_channels": 32},
    "PCT-Net ViT": {"parameters": 4_800_000},
}


def composite_photo() -> np.ndarray:
    with Image.open(PHOTOS[0]) as image:
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE)))


def composite_picture() -> np.ndarray:
    """Return (1, 3, SIDE, SIDE) in [0, 1]."""
    return np.ascontiguousarray(composite_photo().transpose(2, 0, 1)[None] / np.float32(255))


def object_mask() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[SIDE // 4 : -SIDE // 4, SIDE // 3 : -SIDE // 3] = 255
    return mask


def scene(references: int) -> Scene:
    """Return what the network sees of a request: two crops, here alike, and random references."""
    random = np.random.default_rng(0)
    pictures, mask = composite_picture().repeat(2, 0), object_mask() / np.float32(255)
    content = random.standard_normal((2 + references, 64, SIDE // 16, SIDE // 16), np.float32)
    photos = random.random((references, 3, SIDE, SIDE), np.float32)
    edge = edge_lines(pictures[0].transpose(1, 2, 0), mask, SETTINGS.edge_lines)
    others = References(photos, content[2:]) if references else None
    return Scene(pictures, np.stack([mask, mask])[:, None], content[:2], edge, others)


def network_inputs(references: int) -> list[Tensor]:
    """Return the network's inputs for a single crop."""
    seen = scene(references)
    inputs = [seen.pictures[:1], seen.masks[:1], seen.content[:1]]
    inputs += [part[None] for part in seen.references] if seen.references else []
    return [torch.from_numpy(part) for part in inputs]


def parameters(module: nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())


def macs(work: Callable[[], Any]) -> int:
    # In its plain form, attention consists of products that the counter counts on every device.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        work()
    return int(counter.get_total_flops() // 2)


def seconds_of_rounds(work: Callable[[], Any], rounds: int) -> list[float]:
    """Return the seconds of each round, after a third as many rounds to warm up."""

    def seconds() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    for _ in range(max(1, rounds // 3)):
        seconds()
    return [seconds() for _ in range(rounds)]


def served_seconds(pipeline: Pipeline, references: int, rounds: int) -> list[float]:
    """Return the seconds of the network's stage in whole requests, which differ, as answers are kept by content."""
    photo, seconds = composite_photo().copy(), []
    for number in range(rounds + 2):
        photo[0, 0] = number
        request = HarmonizeRequest(photo, photo, mask=object_mask(), references=tuple(PHOTOS[1 : 1 + references]))
        seconds.append(pipeline.harmonize(request, lambda *_: None, lambda: False).seconds["network"])
    return seconds[2:]


def speeds(weights: Path, device: str, rounds: int) -> dict[str, Any]:
    network, extractor, picture = load_engine(weights, device), load_extractor(device=device), composite_picture()
    pipeline = Pipeline(device, weights)
    seconds = {}
    for references in (0, REFERENCES):
        seen = scene(references)
        name = f"ms_{references}_refs"
        seconds[name] = seconds_of_rounds(lambda seen=seen: network.predict(seen), rounds)
        seconds[f"{name}_served"] = served_seconds(pipeline, references, max(1, rounds // 4))
    seconds["ms_extractor"] = seconds_of_rounds(lambda: extractor.maps(picture), rounds)
    medians = {name: round(1000 * statistics.median(times), 2) for name, times in seconds.items()}
    return {**medians, "fastest": {name: round(1000 * min(times), 2) for name, times in seconds.items()}}


def of_torch(weights: Path, rounds: int) -> float:
    """Return the seconds of ONNX Runtime without references by those of torch, measured in turns: the median."""
    seen, engines = scene(0), [load_engine(weights, device) for device in (CPU, TORCH_CPU)]
    pairs = [[seconds_of_rounds(lambda one=one: one.predict(seen), 1)[0] for one in engines] for _ in range(rounds)]
    return round(statistics.median(ours / theirs for ours, theirs in pairs), 2)


@torch.inference_mode()
def sizes(weights: Path) -> dict[str, int]:
    network, extractor = load_network(weights), load_torch_extractor()
    module, _ = build_network(extractor_info(network.config.extractor))
    picture = torch.from_numpy(composite_picture())
    return {
        "parameters": parameters(network) + parameters(module),
        "parameters_network": parameters(network),
        "parameters_extractor": parameters(module),
        "macs": macs(lambda: network(*network_inputs(0))),
        f"macs_{REFERENCES}_refs": macs(lambda: network(*network_inputs(REFERENCES))),
        "macs_extractor": macs(lambda: extractor.maps(picture)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # of ONNX Runtime
    torch.set_num_threads(options.threads)
    report: dict[str, Any] = {**sizes(options.weights), **speeds(options.weights, CPU, options.rounds)}
    report["of_torch"] = of_torch(options.weights, options.rounds)
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
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"ONNX Runtime {onnxruntime.__version__}, torch {torch.__version__}"
    )
    report["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items()))


if __name__ == "__main__":
    main()
