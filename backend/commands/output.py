"""What the sub-commands share: one JSON object on stdout with --json, all else for people."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from raiha.gallery_tools.errors import RaihaError

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")]

stderr = Console(stderr=True)
"""Progress and everything else that is not the result goes here."""


def emit(result: dict[str, Any], as_json: bool, text: str) -> None:
    """Print a command's result on stdout: the object with --json, else the text."""
    print(json.dumps(result, default=str) if as_json else text, flush=True)


def emit_error(error: RaihaError, as_json: bool) -> None:
    """Print what went wrong: a person reads it on stderr, a program as an object on stdout."""
    if as_json:
        emit({"error": {"code": error.code, "sentence": error.sentence, "remedy": error.remedy}}, True, "")
    else:
        print(f"{error.sentence} {error.remedy}", file=sys.stderr, flush=True)
