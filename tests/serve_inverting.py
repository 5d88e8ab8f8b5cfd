"""A daemon process with the inverting pipeline, for tests that kill it: prints its connection, then serves.

With the argument ``hold``, jobs that have begun never finish by themselves.
"""

from __future__ import annotations

import json
import signal
import sys

from inverting_pipeline import InvertingPipeline

from raiha.backend.daemon.log import start_logging
from raiha.backend.daemon.server import Server

pipeline = InvertingPipeline()
if "hold" in sys.argv:
    pipeline.may_finish.clear()
server = Server(lambda: pipeline)
signal.signal(signal.SIGTERM, lambda *_: server.stop())
signal.signal(signal.SIGINT, lambda *_: server.stop())
start_logging()
server.run(lambda connection: print(json.dumps(connection.to_json()), flush=True))
