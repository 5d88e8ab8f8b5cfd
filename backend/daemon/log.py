"""The daemon's log: a file of bounded size, and stderr for whoever started it in a terminal."""

from __future__ import annotations

import logging
import logging.handlers
import re
from pathlib import Path

from raiha.gallery_tools.folders import data_folder

_QUOTED_PATH = re.compile(r"""(?P<quote>['"])(?P<path>(?:[A-Za-z]:)?[/\\~][^'"]*)(?P=quote)""")
_PATH = re.compile(r"""(?<![\w.<:/\\~])(?P<path>(?:~|[A-Za-z]:)?[/\\](?:\\ |[^\s'"<>|,;])+)""")


def log_path() -> Path:
    """Return the path of the daemon's log."""
    return data_folder() / "logs" / "raiha-daemon.log"


def start_logging(level: str = "info") -> None:
    """Send log records to the daemon's files (four of at most 1 MB) and to stderr.

    Args:
        level: ``"info"``, ``"warning"`` and ``"error"`` leave out the names of files and folders; ``"debug"`` does not.
    """
    logging.raiseExceptions = False  # a log that cannot be written must not fill stderr with tracebacks
    path = log_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    form = logging.Formatter(layout) if level == "debug" else _PathFreeFormatter(layout)
    file = logging.handlers.RotatingFileHandler(path, maxBytes=1 << 20, backupCount=3, encoding="utf-8")
    logger = logging.getLogger("raiha")
    logger.setLevel(level.upper())
    for handler in (file, logging.StreamHandler()):
        handler.setFormatter(form)
        logger.addHandler(handler)


class _PathFreeFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_paths(super().format(record))


def without_paths(text: str) -> str:
    """Return a text without names of files and folders, which may be personal; those of source files stay."""
    text = _QUOTED_PATH.sub(lambda found: found["quote"] + _hidden(found["path"]) + found["quote"], text)
    return _PATH.sub(lambda found: _hidden(found["path"]), text)


def _hidden(path: str) -> str:
    name = re.split(r"[/\\]", path)[-1]
    return name if name.endswith(".py") else "<path>"
