"""Nothing that Raiha loads reports its use: ONNX Runtime would, and it would leave a number of the machine at home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_OFF_BY = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME")


@pytest.mark.parametrize(
    "program",
    [
        "from raiha.gallery_tools.extractors.extractor import load_extractor; load_extractor(device='cpu')",
        "from raiha.backend.commands import doctor; doctor._engine()",
    ],
)
def test_onnx_runtime_leaves_nothing_in_the_home_folder(tmp_path: Path, program: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _OFF_BY}
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run([sys.executable, "-c", program], check=True, env={**environment, "HOME": str(home)})
    assert list(home.iterdir()) == []
