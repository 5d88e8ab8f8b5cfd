"""Measure speed and memory of a whole request for a 24-megapixel layer that is all object, in a real daemon.

``python benchmarks/fullres.py --json`` starts ``raiha serve`` in temporary folders and sends an RGBA uint8 layer over
a background of the same size with the client that the editors use. A first request loads the weights. Then rounds
alternate between the request and a NumPy pass over the layer. Each is made twice in a row and the second is measured,
so that neither has to wait for memory from the system. All figures are medians of the rounds:

* daemon_s: seconds from the receipt of the message to its reply, from the daemon's log: authentication, crops,
  network, full resolution and sealing of the reply;
* numpy_pass_s: seconds of ``layer.astype(np.float32).astype(np.uint8)``, all four channels;
* passes: daemon_s / numpy_pass_s; passes_of_rounds: the same of each round;
* in_process_s: seconds of the same request to a pipeline in the benchmark's own process, and overhead_s: what the
  daemon takes beyond that, the median of the rounds;
* round_trip_s, passes_round_trip: from the client's first byte until it has checked the reply, including both
  transfers and twice the hashing;
* seconds: of the pipeline's stages;
* extra_mb: the peak memory (VmHWM) of the daemon and its worker above their memory when idle after a first small
  request (weights loaded);
* extra_fresh_mb: the same above its memory before the first request (weights and torch not loaded).

``--order BGRA`` sends pixels as Krita does: the daemon reorders them while it copies them for its worker.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import cpu_model
from PIL import Image

from raiha.backend.client.raiha_client import Client, Daemon, Frame, find_daemon
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest

PHOTO = Path(__file__).parent.parent / "samples" / "photos" / "snap_canon_eos_450d.jpg"


def layer_of(width: int, height: int) -> np.ndarray:
    photo = Image.open(PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).integers(0, 8, (height, width, 1), dtype=np.uint8)
    opaque = np.full((height, width, 1), 255, dtype=np.uint8)
    return np.concatenate([np.minimum(np.asarray(photo), 247) + noise, opaque], axis=2)


def start_daemon(folder: Path) -> tuple[subprocess.Popen[bytes], Daemon]:
    environment = {**os.environ, "RAIHA_DATA_DIR": str(folder / "data"), "RAIHA_RUNTIME_DIR": str(folder)}
    command = [sys.executable, "-m", "raiha.backend.commands.main", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while (daemon := find_daemon(folder)) is None:
        if process.poll() is not None:
            raise SystemExit("The daemon did not start.")
        time.sleep(0.05)
    return process, daemon


def memory_mb(pid: int, field: str) -> float:
    """Return a field of a daemon's status and of its worker's; pixels that both map count twice."""
    processes = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    statuses = [Path(f"/proc/{process}/status").read_text().splitlines() for process in processes]
    return sum(int(line.split()[1]) for lines in statuses for line in lines if line.startswith(field)) / 1024


def one_request(client: Client, layer: np.ndarray, background: np.ndarray, order: str) -> dict[str, float]:
    """Return the seconds of the stages, of the daemon's whole work, and of the round trip."""
    height, width = layer.shape[:2]
    layer[:64, :64, :3] += 1  # other pixels than before, or the network would not run again
    began = time.perf_counter()
    layer_frame, background_frame = (Frame(pixels.data, width, height, order) for pixels in (layer, background))
    job = client.harmonize(layer=layer_frame, background=background_frame)
    result = job.wait()
    ended = time.perf_counter()
    assert result is not None
    assert result.layer is not None
    assert memoryview(result.layer.data).nbytes == layer.nbytes
    client.status()  # answered after the line about the job is in the log
    found = re.search(rf"job {job.identifier}: ([0-9.]+) s from receipt", Path(client.daemon.log).read_text())
    assert found is not None
    return {**result.seconds, "daemon": float(found[1]), "round_trip": ended - began}


def in_process(pipeline: Pipeline, layer: np.ndarray, background: np.ndarray) -> float:
    layer[:64, :64, :3] += 1
    began = time.perf_counter()
    pipeline.harmonize(HarmonizeRequest(layer, background), lambda *_: None, lambda: False)
    return time.perf_counter() - began


def numpy_pass(pixels: np.ndarray) -> float:
    began = time.perf_counter()
    pixels.astype(np.float32).astype(np.uint8)
    return time.perf_counter() - began


def measure(layer: np.ndarray, rounds: int, order: str) -> dict[str, Any]:
    background = layer[::-1].copy()
    with tempfile.TemporaryDirectory() as name:
        process, daemon = start_daemon(Path(name))
        try:
            fresh = memory_mb(daemon.pid, "VmRSS")
            with Client.connect(Path(name)) as client:
                one_request(client, layer[:64, :64].copy(), background[:64, :64].copy(), order)
                idle = memory_mb(daemon.pid, "VmRSS")
                passes, requests, alone, pipeline = [], [], [], Pipeline()
                for _ in range(rounds):
                    passes.append([numpy_pass(layer) for _ in range(2)][1])
                    requests.append([one_request(client, layer, background, order) for _ in range(2)][1])
                    alone.append([in_process(pipeline, layer, background) for _ in range(2)][1])
                peak = memory_mb(daemon.pid, "VmHWM")
                client.stop_daemon()
            process.wait()
        finally:
            process.kill()
    seconds = {stage: statistics.median(seconds[stage] for seconds in requests) for stage in requests[0]}
    one_pass = statistics.median(passes)
    of_rounds = [request["daemon"] / one for request, one in zip(requests, passes, strict=True)]
    return {
        "passes": round(seconds["daemon"] / one_pass, 2),
        "passes_of_rounds": [round(passes, 2) for passes in of_rounds],
        "passes_round_trip": round(seconds["round_trip"] / one_pass, 2),
        "in_process_s": round(statistics.median(alone), 4),
        "overhead_s": round(statistics.median(r["daemon"] - one for r, one in zip(requests, alone, strict=True)), 4),
        "daemon_s": round(seconds.pop("daemon"), 4),
        "round_trip_s": round(seconds.pop("round_trip"), 4),
        "numpy_pass_s": round(one_pass, 4),
        "extra_mb": round(peak - idle),
        "extra_fresh_mb": round(peak - fresh),
        "idle_mb": round(idle),
        "seconds": {stage: round(value, 4) for stage, value in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=6000)
    parser.add_argument("--height", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--order", choices=["RGBA", "BGRA"], default="RGBA")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    figures = measure(layer_of(options.width, options.height), options.rounds, options.order)
    figures["megapixels"] = options.width * options.height / 1e6
    figures["order"] = options.order
    figures["machine"] = {"cpu": cpu_model(), "cores": os.cpu_count()}
    figures["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(figures) if options.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
