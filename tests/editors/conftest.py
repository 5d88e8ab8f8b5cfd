"""Real editors are driven only when asked for: ``make test-editors EDITOR=krita`` names the folder itself."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "krita"), str(HERE / "gimp")]
if not os.environ.get("RAIHA_TEST_EDITORS"):
    collect_ignore_glob = ["krita/*", "gimp/*"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests by editor and version, so that two editors can be driven at the same time and none by two."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(HERE):
            version = item.callspec.params.get("krita", "") if hasattr(item, "callspec") else ""
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name} {version}"))
