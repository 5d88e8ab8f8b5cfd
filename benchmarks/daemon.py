"""What the daemon survives: its worker process is killed during a job, again and again. Prints JSON.

``recovered`` counts the kills after which the client got a clear error, and then the right answer, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import cpu_model

from raiha.backend.client.raiha_client import Client, ClientError, Frame, Job

SERVE = [sys.executable, "-m", "raiha.backend.commands.main", "serve"]


def send(client: Client, side: int = 200) -> Job:
    """Send an opaque object of noise in a picture of noise."""
    random = np.random.default_rng(0)
    layer = random.integers(0, 256, (side, side, 4), dtype=np.uint8)
    layer[..., 3] = 0
    layer[side // 4 : side // 2, side // 4 : side // 2, 3] = 255
    picture = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    return client.harmonize(Frame(layer.tobytes(), side, side, "RGBA"), Frame(picture.tobytes(), side, side, "RGB"))


def answer(client: Client) -> bytes:
    result = send(client).wait()
    assert result is not None and result.layer is not None
    return bytes(result.layer.data)


def kill_during_a_job(client: Client, watcher: Client) -> bool:
    """Kill the worker while it has a job; return whether the client got a clear error."""
    job = send(client)
    while (pid := watcher.status()["worker_pid"]) is None or job.state == "sending":
        job.poll(0.01)
    os.kill(pid, signal.SIGKILL)
    try:
        job.wait()
    except ClientError as error:
        return error.code == "worker-died"
    return False


def measure(kills: int) -> dict[str, object]:
    with Client.connect(name="benchmark") as client, Client.connect(name="benchmark") as watcher:
        expected = answer(client)
        seconds = []
        recovered = told = 0
        for _ in range(kills):
            clear = kill_during_a_job(client, watcher)
            begun = time.perf_counter()
            right = answer(client) == expected
            seconds.append(time.perf_counter() - begun)
            told += clear
            recovered += clear and right
        return {
            "kills": kills,
            "told": told,
            "recovered": recovered,
            "slowest_recovery_s": round(max(seconds), 2),
            "memory_mb": watcher.status()["memory_mb"],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RAIHA_RUNTIME_DIR": str(Path(folder) / "run"), "RAIHA_DATA_DIR": str(Path(folder) / "data")}
        with subprocess.Popen(SERVE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
            assert daemon.stdout is not None and daemon.stdout.readline()
            try:
                print(json.dumps({"processor": cpu_model(), **measure(arguments.kills)}, indent=2))
            finally:
                daemon.terminate()


if __name__ == "__main__":
    main()
