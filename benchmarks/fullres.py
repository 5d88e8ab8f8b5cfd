"""Speed and memory of one whole request for a 24-megapixel layer that is all object, in a real daemon.

``python benchmarks/fullres.py --json`` starts ``raiha serve`` in folders of its own, sends an RGBA uint8 layer over an
RGBA background of the same size with the client that the editors use, and prints:

* passes: median seconds from the daemon's first sign of work on the received message (authentication, working copies,
  network, applying, sealing, sending) until the client has the whole reply and has checked it, as a multiple of
  ``numpy_pass``; so the daemon's own share is a little less;
* passes_round_trip: the same from the client's first byte on, hashing and sending the request included;
* numpy_pass: median seconds of ``x.astype(np.float32).astype(np.uint8)`` over the layer, taken between the requests;
* extra_mb: the daemon's peak memory (VmHWM) above its memory when idle after a first small request (weights loaded);
* extra_fresh_mb: the same above its memory when it has done nothing yet (weights and torch not loaded).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from backend.client.raiha_client import Client, Daemon, Event, Frame, find_daemon

PHOTO = Path(__file__).parent.parent / "samples" / "photos" / "snap_canon_eos_450d.jpg"


def layer_of(width: int, height: int) -> np.ndarray:
    photo = Image.open(PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).integers(0, 8, (height, width, 1), dtype=np.uint8)
    opaque = np.full((height, width, 1), 255, dtype=np.uint8)
    return np.concatenate([np.minimum(np.asarray(photo), 247) + noise, opaque], axis=2)


def start_daemon(folder: Path) -> tuple[subprocess.Popen[bytes], Daemon]:
    environment = {**os.environ, "RAIHA_DATA_DIR": str(folder / "data"), "RAIHA_RUNTIME_DIR": str(folder)}
    command = [sys.executable, "-m", "backend.commands.main", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while (daemon := find_daemon(folder)) is None:
        if process.poll() is not None:
            raise SystemExit("The daemon did not start.")
        time.sleep(0.05)
    return process, daemon


def memory_mb(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def one_request(client: Client, layer: np.ndarray, background: np.ndarray) -> dict[str, float]:
    """Seconds of the stages, of the whole, and since the daemon began."""
    height, width = layer.shape[:2]
    began = time.perf_counter()
    at_work: list[float] = []

    def note(event: Event) -> None:
        if event.kind == "progress" and not at_work:
            at_work.append(time.perf_counter())

    job = client.harmonize(layer=Frame(layer.data, width, height), background=Frame(background.data, width, height))
    result = job.wait(note)
    ended = time.perf_counter()
    assert result is not None
    assert result.layer is not None
    assert memoryview(result.layer.data).nbytes == layer.nbytes
    return {**result.seconds, "daemon": ended - at_work[0], "round_trip": ended - began}


def numpy_pass(pixels: np.ndarray) -> float:
    began = time.perf_counter()
    pixels.astype(np.float32).astype(np.uint8)
    return time.perf_counter() - began


def measure(layer: np.ndarray, runs: int) -> dict[str, Any]:
    background = layer[::-1].copy()
    with tempfile.TemporaryDirectory() as name:
        process, daemon = start_daemon(Path(name))
        try:
            fresh = memory_mb(daemon.pid, "VmRSS")
            with Client.connect(Path(name)) as client:
                one_request(client, layer[:64, :64].copy(), background[:64, :64].copy())
                idle = memory_mb(daemon.pid, "VmRSS")
                passes, requests = [], []
                for _ in range(runs):
                    passes.append(numpy_pass(layer))
                    requests.append(one_request(client, layer, background))
                peak = memory_mb(daemon.pid, "VmHWM")
                client.stop_daemon()
            process.wait()
        finally:
            process.kill()
    seconds = {stage: statistics.median(one[stage] for one in requests) for stage in requests[0]}
    one_pass = statistics.median(passes)
    return {
        "passes": round(seconds["daemon"] / one_pass, 2),
        "passes_round_trip": round(seconds["round_trip"] / one_pass, 2),
        "extra_mb": round(peak - idle),
        "extra_fresh_mb": round(peak - fresh),
        "idle_mb": round(idle),
        "numpy_pass": round(one_pass, 4),
        "seconds": {stage: round(value, 4) for stage, value in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=6000)
    parser.add_argument("--height", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    figures = measure(layer_of(options.width, options.height), options.runs)
    figures["megapixels"] = options.width * options.height / 1e6
    figures["machine"] = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    figures["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(figures) if options.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
