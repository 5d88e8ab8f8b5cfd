"""What the daemon survives, in a real `raiha serve`. Prints JSON.

``--kills N``: its worker is killed during a job, N times. ``recovered`` counts the kills after which the client got a
clear error, and then, within 10 seconds, the right answer, bit for bit.

``--messages N``: hostile messages, a tenth drawn by hypothesis, the others by a grammar of ZMTP streams, headers and
frames. After each thousand a good request has to be answered rightly; ``memory_growth_mb`` is that of daemon and worker
since the first good answer, ``tracebacks`` counts answers with one.

``--clients N``: as many programs at once with ``--requests`` each, of mixed sizes, of which a tenth are cancelled; a
twentieth of them kill the program that sent them, which is started anew. ``wrong_answers`` differ in a bit from those
that a lone client gets; ``unanswered`` are neither answered nor cancelled. ``longest_mean_wait`` is that of the client
that waited longest, as a multiple of all clients' mean.

``client_import_ms`` is the processor time of importing the client in a new interpreter, the least of ``IMPORTS``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from hostile_messages import drawn_by_hypothesis, odd_parts, odd_stream, send_stream
from machine import cpu_model

from raiha.backend.client import raiha_client
from raiha.backend.client.raiha_client import Client, ClientError, Frame, Job

SERVE = [sys.executable, "-m", "raiha.backend.commands.main", "serve"]
SIDES = (40, 200, 200, 333, 500, 1200)
SEEDS = 7
"""Pictures of each side: together more than the daemon keeps answers for, so that the network runs now and then."""

RECOVERY_SECONDS = 10.0
IMPORTS = 10
IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
begun = time.process_time()
import client.raiha_client
print(time.process_time() - begun)
"""


def send(client: Client, side: int = 200, seed: int = 0) -> Job:
    """Send an opaque object of noise in a picture of noise."""
    random_numbers = np.random.default_rng([side, seed])
    layer = random_numbers.integers(0, 256, (side, side, 4), dtype=np.uint8)
    layer[..., 3] = 0
    layer[side // 4 : side // 2, side // 4 : side // 2, 3] = 255
    picture = random_numbers.integers(0, 256, (side, side, 3), dtype=np.uint8)
    return client.harmonize(Frame(layer.tobytes(), side, side, "RGBA"), Frame(picture.tobytes(), side, side, "RGB"))


def digest_of(job: Job) -> str | None:
    """Wait for a job and return the digest of its pixels; None if it was cancelled."""
    result = job.wait()
    if result is None:
        return None
    assert result.layer is not None
    return hashlib.sha256(bytes(result.layer.data)).hexdigest()


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


def measure_kills(kills: int) -> dict[str, object]:
    with Client.connect(name="benchmark") as client, Client.connect(name="benchmark") as watcher:
        expected = digest_of(send(client))
        seconds = []
        told = recovered = 0
        for _ in range(kills):
            clear = kill_during_a_job(client, watcher)
            begun = time.perf_counter()
            right = digest_of(send(client)) == expected
            seconds.append(time.perf_counter() - begun)
            told += clear
            recovered += clear and right and seconds[-1] <= RECOVERY_SECONDS
        return {
            "kills": kills,
            "told": told,
            "recovered": recovered,
            "slowest_recovery_s": round(max(seconds), 2),
            "median_recovery_s": round(statistics.median(seconds), 2),
            "memory_mb": watcher.status()["memory_mb"],
        }


def measure_messages(messages: int) -> dict[str, object]:
    chance = random.Random(0)
    answers = tracebacks = good = 0
    memory = []
    with zmq.Context() as context, Client.connect(name="benchmark") as client, ThreadPoolExecutor(8) as pool:
        expected = digest_of(send(client))
        key, endpoint = client.daemon.key, client.daemon.endpoint
        thousands = range(0, messages, 1000)
        for number in thousands:
            with context.socket(zmq.DEALER) as dealer:
                dealer.setsockopt(zmq.LINGER, 0)
                dealer.connect(endpoint)
                for parts in drawn_by_hypothesis(key, 100, number):
                    dealer.send_multipart(parts)
                streams = [odd_stream(chance, key) for _ in range(450)]
                sent = pool.map(partial(send_stream, endpoint), streams)
                for _ in range(450):
                    dealer.send_multipart(odd_parts(chance, key))
                assert len(list(sent)) == len(streams)
                while dealer.poll(200):
                    answer = b"".join(dealer.recv_multipart())
                    answers += 1
                    tracebacks += b"Traceback" in answer or b'.py"' in answer
            good += digest_of(send(client)) == expected
            memory.append(client.status()["memory_mb"])
            print(f"{number + 1000}: {good} good answers, {memory[-1]} MB", file=sys.stderr, flush=True)
        return {
            "messages": 1000 * len(thousands),
            "answers": answers,
            "tracebacks": tracebacks,
            "good_requests": len(thousands),
            "good_answers": good,
            "memory_growth_mb": max(memory) - memory[0],
        }


def be_a_client(number: int, first: int, requests: int) -> None:
    """Send requests one after another and print a line of JSON about each; some are cancelled, and some kill us."""
    with Client.connect(name=f"benchmark {number}") as client:
        for request in range(first, requests):
            chance = random.Random(1000 * number + request)
            side, seed, fate = chance.choice(SIDES), chance.randrange(SEEDS), chance.random()
            begun = time.perf_counter()
            job = send(client, side, seed)
            if fate < 0.05:
                print(json.dumps({"request": request, "fate": "killed"}), flush=True)
                job.poll(chance.random())
                os.kill(os.getpid(), signal.SIGKILL)
            if fate < 0.15:
                job.poll(chance.random())
                job.cancel()
            try:
                found = digest_of(job)
            except ClientError as error:
                report: dict[str, Any] = {"fate": "error", "code": error.code}
            else:
                report = {"fate": "cancelled" if found is None else "done", "picture": [side, seed], "digest": found}
            print(json.dumps({"request": request, "seconds": time.perf_counter() - begun, **report}), flush=True)


def follow_client(number: int, requests: int, reports: list[dict[str, Any]]) -> None:
    """Run a client, and start it anew when it has killed itself, until all its requests are made."""
    first = 0
    while first < requests:
        command = [sys.executable, __file__, "--be-client", str(number), str(first), str(requests)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            lines = [json.loads(line) for line in process.stdout]
        if not lines:
            return  # it could not even connect: its requests count as unanswered
        reports += lines
        first = lines[-1]["request"] + 1


def measure_clients(clients: int, requests: int) -> dict[str, object]:
    with Client.connect(name="benchmark") as client:
        expected = {(side, seed): digest_of(send(client, side, seed)) for side in set(SIDES) for seed in range(SEEDS)}
    reports: list[list[dict[str, Any]]] = [[] for _ in range(clients)]
    threads = [threading.Thread(target=follow_client, args=(n, requests, reports[n])) for n in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    every = [report for one in reports for report in one]
    done = [report for report in every if report["fate"] == "done"]
    fates = {fate: sum(report["fate"] == fate for report in every) for fate in ("done", "cancelled", "killed", "error")}
    waits = [statistics.mean(found) for one in reports if (found := [r["seconds"] for r in one if r["fate"] == "done"])]
    return {
        "clients": clients,
        "requests": clients * requests,
        **fates,
        "error_codes": sorted({report["code"] for report in every if report["fate"] == "error"}),
        "wrong_answers": sum(report["digest"] != expected[tuple(report["picture"])] for report in done),
        "unanswered": clients * requests - fates["done"] - fates["cancelled"] - fates["killed"],
        "mean_wait_s": round(statistics.mean(waits), 2),
        "longest_mean_wait": round(max(waits) / statistics.mean(waits), 2),
        "seconds": round(seconds, 1),
    }


def client_import_ms() -> float:
    folder = str(Path(raiha_client.__file__).parents[1])
    command = [sys.executable, "-I", "-c", IMPORT, folder]
    seconds = [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(IMPORTS)]
    return round(1000 * min(seconds), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--be-client", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be_client:
        be_a_client(*options.be_client)
        return
    figures: dict[str, object] = {"processor": cpu_model(), "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RAIHA_RUNTIME_DIR": str(Path(folder) / "run"), "RAIHA_DATA_DIR": str(Path(folder) / "data")}
        with subprocess.Popen(SERVE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
            assert daemon.stdout is not None and daemon.stdout.readline()
            try:
                if options.messages:
                    figures |= measure_messages(options.messages)
                if options.clients:
                    figures |= measure_clients(options.clients, options.requests)
                if options.kills:
                    figures |= measure_kills(options.kills)
                figures["client_import_ms"] = client_import_ms()
                figures["daemon_lived"] = daemon.poll() is None
                print(json.dumps(figures, indent=2))
            finally:
                daemon.terminate()


if __name__ == "__main__":
    main()
