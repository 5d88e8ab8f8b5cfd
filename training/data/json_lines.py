"""Files with one JSON object per line, such as manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json_lines(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file, in its order."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
