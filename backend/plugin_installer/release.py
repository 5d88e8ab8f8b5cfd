"""Write what a release holds beside wheel and sdist: the plug-ins as zips, and the SHA-256 sums of all files.

``python -m raiha.backend.plugin_installer.release DIST`` is the last step of `make dist`. The plug-ins in the zips
start `raiha serve` from the PATH.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from raiha.backend.plugin_installer import gimp, krita

FROM_PATH = ("raiha", "serve")
SUMS = "SHA256SUMS"


def write_sums(folder: Path) -> Path:
    """Write the sums of a folder's files as `sha256sum --check` reads them."""
    target = folder / SUMS
    files = sorted(file for file in folder.iterdir() if file.is_file() and file != target)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    target.write_text("".join(lines), "ascii")
    return target


def main() -> None:
    """Write the zips and the sums from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIST", type=Path)
    folder = parser.parse_args().folder
    krita.write_zip(folder / "raiha-krita.zip", FROM_PATH)
    gimp.write_zip(folder / "raiha-gimp.zip", FROM_PATH)
    write_sums(folder)


if __name__ == "__main__":
    main()
