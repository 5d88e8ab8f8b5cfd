"""Measure what an installation of Raiha's core takes: download and disk.

``python benchmarks/install.py --json`` builds the package, fetches what it needs from the package index that pip uses
into a temporary folder, installs that into a new virtual environment without the index, and prints:

* download_mb: megabytes (10^6 bytes) of all wheels, Raiha's own among them;
* installed_mb: of the environment's packages, without pip, as it is right after the installation;
* largest: megabytes of the ten largest packages' folders;
* limits and within_limits.

``--extra torch`` measures the installation with that extra; the limits are the core's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
LIMITS = {"installed_mb": 450, "download_mb": 180}
OF_THE_ENVIRONMENT = ("pip", "setuptools", "_distutils_hack", "pkg_resources")


def megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.lstat().st_size for file in files) / 1e6


def pip(python: Path, *words: str) -> None:
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--quiet", *words], check=True)


def installed(packages: Path) -> dict[str, float]:
    """Return the megabytes of each file and folder, without those that every environment has."""
    return {
        entry.name: megabytes(entry)
        for entry in packages.iterdir()
        if entry.name.split("-")[0] not in OF_THE_ENVIRONMENT
    }


def measure(folder: Path, extra: str | None) -> dict[str, object]:
    wheels = folder / "wheels"
    wanted = f"{REPOSITORY}[{extra}]" if extra else str(REPOSITORY)
    pip(Path(sys.executable), "wheel", "--wheel-dir", str(wheels), wanted)
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    name = f"raiha[{extra}]" if extra else "raiha"
    pip(python, "install", "--no-index", "--find-links", str(wheels), name)
    sizes = installed(next(environment.glob("**/site-packages")))
    largest = sorted(sizes.items(), key=lambda entry: -entry[1])[:10]
    return {
        "download_mb": round(sum(megabytes(file) for file in wheels.glob("*.whl")), 1),
        "installed_mb": round(sum(sizes.values()), 1),
        "largest": {name: round(size, 1) for name, size in largest},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", help="install Raiha with this extra")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="raiha-install-") as folder:
        report = measure(Path(folder), options.extra)
    report["limits"] = LIMITS
    report["within_limits"] = {name: report[name] <= limit for name, limit in LIMITS.items()}  # type: ignore[operator]
    print(json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items()))


if __name__ == "__main__":
    main()
