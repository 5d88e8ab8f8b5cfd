"""Where Raiha keeps what lasts (galleries, the log) and what ends with the session (sockets, locks)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import platformdirs

from raiha.gallery_tools.errors import RaihaError


def data_folder() -> Path:
    """Return the user's data folder, or the one that ``RAIHA_DATA_DIR`` names; made with mode 0700.

    Raises:
        RaihaError: ``folder-unusable``.
    """
    return _private_folder("RAIHA_DATA_DIR", lambda: platformdirs.user_data_path("raiha", appauthor=False))


def runtime_folder() -> Path:
    """Return the user's runtime folder, or the one that ``RAIHA_RUNTIME_DIR`` names; made with mode 0700.

    Raises:
        RaihaError: ``folder-unusable``.
    """
    return _private_folder("RAIHA_RUNTIME_DIR", lambda: platformdirs.user_runtime_path("raiha", appauthor=False))


def _private_folder(variable: str, default: Callable[[], Path]) -> Path:
    named = os.environ.get(variable)
    try:
        with warnings.catch_warnings():
            # Without XDG_RUNTIME_DIR platformdirs warns and takes another folder, which is all a user needs.
            warnings.simplefilter("ignore")
            folder = Path(named or default()).expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a ~ without a home folder
        place = named or getattr(error, "filename", None) or "Raiha's own folder"
        reason = getattr(error, "strerror", None) or error
        raise RaihaError(
            "folder-unusable",
            f"{place} cannot be used as a folder: {reason}.",
            f"Move what is in the way, or name a folder that you may write to in {variable}.",
        ) from error
    return folder
