"""The daemon's log: a file of bounded size, and stderr for whoever started it in a terminal."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from raiha.gallery_tools.folders import data_folder


def log_path() -> Path:
    """Return the path of the daemon's log."""
    return data_folder() / "logs" / "raiha-daemon.log"


def start_logging() -> None:
    """Send log records to the daemon's files (four of at most 1 MB) and to stderr."""
    logging.raiseExceptions = False  # a log that cannot be written must not fill stderr with tracebacks
    path = log_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    file = logging.handlers.RotatingFileHandler(path, maxBytes=1 << 20, backupCount=3, encoding="utf-8")
    logger = logging.getLogger("raiha")
    logger.setLevel(logging.INFO)
    for handler in (file, logging.StreamHandler()):
        handler.setFormatter(form)
        logger.addHandler(handler)
