"""Where a command may write a zip: to a new file, or over a zip that it wrote before."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError


def require_own_zip(path: Path, entries: Iterable[str], what: str, option: str) -> None:
    """Check that nothing is in the zip's place but an earlier one, which holds one of ``entries``.

    Raises:
        RaihaError: ``would-overwrite``; its sentence names ``what`` the zip is, its remedy the ``option``.
    """
    if not path.exists():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            is_own = not set(entries).isdisjoint(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        is_own = False
    if not is_own:
        raise RaihaError(
            "would-overwrite", f"{path} is not {what}.", f"Choose another name with {option}.", exit_status=2
        )
