"""The network's benchmark prints every figure of one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "network.py"


@pytest.mark.slow
def test_one_object_holds_sizes_speeds_limits_and_published_networks() -> None:
    command = [sys.executable, str(BENCHMARK), "--json", "--rounds", "1", "--threads", "1"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert report["parameters"] == report["parameters_network"] + report["parameters_extractor"] < 6_000_000
    assert 0 < report["macs"] < report["macs_4_refs"] < 5 * report["macs"]
    speeds = [f"ms_{name}" for name in ("0_refs", "4_refs", "0_refs_served", "4_refs_served", "extractor")]
    assert all(report[name] > 0 for name in (*speeds, "macs_extractor"))
    assert report["of_torch"] > 0
    assert set(report["fastest"]) == set(speeds)
    limits = report["limits"]
    assert report["within_limits"] == {name: report[name] <= limits[name] for name in limits}
    assert set(limits) == {"parameters", "ms_0_refs", "ms_4_refs", "of_torch"}
    assert report["published"]["HDNet"]["parameters"] == 10_400_000
    assert "gpu" in report and report["threads"] == 1
