"""Where Raiha keeps what lasts (galleries, the log) and what ends with the session (sockets, locks)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """The user's data folder, or the one that ``RAIHA_DATA_DIR`` names; made with mode 0700."""
    return _private_folder("RAIHA_DATA_DIR", lambda: platformdirs.user_data_path("raiha", appauthor=False))


def runtime_folder() -> Path:
    """The user's runtime folder, or the one that ``RAIHA_RUNTIME_DIR`` names; made with mode 0700."""
    return _private_folder("RAIHA_RUNTIME_DIR", lambda: platformdirs.user_runtime_path("raiha", appauthor=False))


def _private_folder(variable: str, default: Callable[[], Path]) -> Path:
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR platformdirs warns and takes another folder, which is all a user needs.
        warnings.simplefilter("ignore")
        folder = Path(os.environ.get(variable) or default()).expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
