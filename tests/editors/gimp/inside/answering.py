"""Runs in the chroot: does what the test asks, one JSON line each, until the test hangs up."""

import importlib
import json
import os
import socket
import sys
import traceback

sys.path.insert(0, os.environ["RAIHA_TEST_INSIDE"])
actions = importlib.import_module(os.environ["RAIHA_TEST_ACTIONS"])

with socket.create_connection(("127.0.0.1", int(os.environ["RAIHA_TEST_PORT"]))) as link:
    lines = link.makefile("rw", encoding="utf-8")
    for line in lines:
        request = json.loads(line)
        try:
            answer = {"value": getattr(actions, request["do"])(**request["with"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        lines.write(json.dumps(answer) + "\n")
        lines.flush()
