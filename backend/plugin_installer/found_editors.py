"""The editors on this machine that Raiha has a plug-in for."""

from __future__ import annotations

import shutil
from pathlib import Path

from raiha.backend.plugin_installer import gimp, krita


def found_editors(home: Path) -> list[str]:
    """Return "krita" and "gimp", those of them that this user has started once or that are on the PATH."""
    has_krita = shutil.which("krita") is not None or any(
        one.settings.is_file() or one.resources.is_dir() for one in krita.installations(home)
    )
    return [*(["krita"] if has_krita else []), *(["gimp"] if gimp.installations(home) else [])]
