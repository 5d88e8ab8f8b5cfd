"""A daemon process with the inverting pipeline, for tests that kill it: prints its connection, then serves.

With the argument ``hold``, jobs that have begun never finish by themselves; with ``process``, they are done in a
worker process.
"""

from __future__ import annotations

import json
import signal
import sys

from inverting_pipeline import InvertingPipeline
from worker_pipelines import Holding

from raiha.backend.daemon.jobs import PipelineLike
from raiha.backend.daemon.log import start_logging
from raiha.backend.daemon.server import Server
from raiha.backend.daemon.worker_process import WorkerProcess


def main() -> None:
    kind = Holding if "hold" in sys.argv else InvertingPipeline
    pipeline: PipelineLike = WorkerProcess(kind) if "process" in sys.argv else kind()
    server = Server(lambda: pipeline)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    signal.signal(signal.SIGINT, lambda *_: server.stop())
    start_logging()
    server.run(lambda connection: print(json.dumps(connection.to_json()), flush=True))


if __name__ == "__main__":  # a worker process imports this file
    main()
