"""The plug-in's own modules are found as GIMP finds them: side by side, with the client's files."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "plugin_gimp" / "harmonize"), str(REPOSITORY / "backend" / "client")]
