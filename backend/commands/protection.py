"""What a user gives to be read is never written over."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError


def protect_inputs(output: Path, inputs: Iterable[Path | None]) -> None:
    """Check that the output is none of the inputs, links followed.

    Raises:
        RaihaError: ``would-overwrite``.
    """
    if not output.exists():
        return
    for path in inputs:
        if path is not None and path.exists() and output.samefile(path):
            raise RaihaError(
                "would-overwrite",
                f"{output} is {path}, which is to be read.",
                "Choose another name to write to: what you give is never written over.",
                exit_status=2,
            )
