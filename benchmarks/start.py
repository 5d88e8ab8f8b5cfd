"""Measure how soon Raiha is there, and how little it holds while it waits.

``python benchmarks/start.py --json`` prints, for a picture of 512 px:

* cold_harmonize_s: wall seconds of `raiha harmonize --no-daemon` in a fresh process, files in the system's cache;
* bare_s: of a fresh Python that imports NumPy and pyvips; times_bare: the former by the latter, side by side;
* first_preview_s: from a request for a preview to its answer, of a daemon that has just been started for it;
* daemon_start_s: from starting `raiha serve` until it has greeted a client;
* idle_mb: resident megabytes (2^20 bytes) of that daemon and its processes after a job of 24 megapixels, when it has
  released what it does not need while idle;
* limits and within_limits.

The first three are medians of ``--rounds`` (5), which alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import cpu_model
from PIL import Image

from raiha.backend.client.raiha_client import Client, Frame, ensure_daemon

PHOTO = Path(__file__).parent.parent / "samples" / "photos" / "snap_canon_eos_450d.jpg"
SIDE = 512
LARGE = 6000, 4000
RAIHA = [sys.executable, "-m", "raiha.backend.commands.main"]
IDLE_SECONDS = 2
LIMITS = {"cold_harmonize_s": 1.5, "times_bare": 4, "first_preview_s": 1.2, "idle_mb": 160}


def seconds_of(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def picture_and_mask(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    with Image.open(PHOTO) as photo:
        pixels = np.asarray(photo.convert("RGB").resize((width, height)))
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 : height * 2 // 3, width // 3 : width * 2 // 3] = 255
    return pixels, mask


def harmonize(client: Client, width: int, height: int, **options: Any) -> float:
    """Return the seconds of a request."""
    pixels, mask = picture_and_mask(width, height)
    frame = Frame(pixels.data, width, height, "RGB")
    began = time.perf_counter()
    assert client.harmonize(frame, frame, Frame(mask.data, width, height, "GRAY"), **options).wait() is not None
    return time.perf_counter() - began


@contextmanager
def own_daemon(folder: Path) -> Iterator[tuple[Client, float]]:
    """Run a daemon; return a client of it, and the seconds that its start took."""
    os.environ.update(RAIHA_DATA_DIR=str(folder / "data"), RAIHA_RUNTIME_DIR=str(folder / "run"))
    began = time.perf_counter()
    with ensure_daemon([*RAIHA, "serve", "--idle-seconds", str(IDLE_SECONDS)]) as client:
        yield client, time.perf_counter() - began
        client.stop_daemon()


def idle_megabytes(client: Client) -> float:
    """Return the resident memory after a large job, when the daemon has been idle for long enough."""
    harmonize(client, *LARGE)
    time.sleep(2 * IDLE_SECONDS + 1)
    daemon = psutil.Process(client.daemon.pid)
    return sum(process.memory_info().rss for process in [daemon, *daemon.children(recursive=True)]) / 2**20


def measure(rounds: int) -> dict[str, Any]:
    figures: dict[str, list[float]] = {name: [] for name in ("cold", "bare", "preview", "start")}
    with tempfile.TemporaryDirectory(prefix="raiha-start-") as name:
        folder = Path(name)
        for file, pixels in zip(("picture.png", "mask.png"), picture_and_mask(SIDE, SIDE), strict=True):
            Image.fromarray(pixels).save(folder / file)
        words = ["harmonize", str(folder / "picture.png"), "--mask", str(folder / "mask.png"), "--no-daemon"]
        command = [*RAIHA, *words, "-o", str(folder / "out.png")]
        bare = [sys.executable, "-c", "import numpy, pyvips"]
        seconds_of(command)
        for number in range(rounds):
            figures["bare"].append(seconds_of(bare))
            figures["cold"].append(seconds_of(command))
            with own_daemon(folder / str(number)) as (client, start):
                figures["start"].append(start)
                figures["preview"].append(harmonize(client, SIDE, SIDE, preview_side=SIDE))
                if number == rounds - 1:
                    idle = idle_megabytes(client)
    ratios = [cold / alone for cold, alone in zip(figures["cold"], figures["bare"], strict=True)]
    return {
        "cold_harmonize_s": round(statistics.median(figures["cold"]), 3),
        "bare_s": round(statistics.median(figures["bare"]), 3),
        "times_bare": round(statistics.median(ratios), 2),
        "first_preview_s": round(statistics.median(figures["preview"]), 3),
        "daemon_start_s": round(statistics.median(figures["start"]), 3),
        "idle_mb": round(idle),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    report = measure(options.rounds)
    report["within_limits"] = {name: report[name] <= limit for name, limit in LIMITS.items()}
    report["limits"] = LIMITS
    report["machine"] = {"cpu": cpu_model(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}
    print(json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items()))


if __name__ == "__main__":
    main()
