"""A client of the Raiha daemon for use inside an editor: all that a program needs of it, in one place.

All socket work and all hashing happen in one plain thread of the :class:`Client`, so an editor polls its
:class:`Job` from a timer (every 20 ms, for instance) and its window stays responsive, whatever the size of the layer::

    client = ensure_daemon(command, on_wait=process_events)     # starts a daemon if there is none
    job = client.harmonize(
        layer=Frame(pixels, width, height, "BGRA", "uint8"),    # any buffer: bytes, bytearray, memoryview
        background=Frame(picture, picture_width, picture_height, "BGRA", "uint8"),
        offset=(x, y), profile=icc_bytes, gallery="photos")
    # in the timer:
    for event in job.poll():
        show(event.stage, event.fraction)
    if job.state == "done":
        layer.setPixelData(job.result.layer.data, x, y, width, height)
    elif job.state == "failed":
        show_error(job.error.sentence, job.error.remedy, job.error.log_path)
    # on Cancel: job.cancel(), then keep polling until job.finished

Every failure outside the caller's own code is raised as :class:`ClientError`, whose sentences are meant to be shown as
they are. The wire format is in ``docs/protocol.md``.
"""

from __future__ import annotations

from .client import Client, Job
from .connection_file import CONNECTION_FILE, Daemon, find_daemon, runtime_folders
from .daemon_start import ensure_daemon, start_daemon, start_log
from .errors import ClientError
from .messages import MAGIC, MOST_REFERENCES, PROTOCOL, Event, Frame, Reference, Result, digest

__all__ = [
    "CONNECTION_FILE",
    "MAGIC",
    "MOST_REFERENCES",
    "PROTOCOL",
    "Client",
    "ClientError",
    "Daemon",
    "Event",
    "Frame",
    "Job",
    "Reference",
    "Result",
    "digest",
    "ensure_daemon",
    "find_daemon",
    "runtime_folders",
    "start_daemon",
    "start_log",
]
