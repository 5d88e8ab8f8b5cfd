"""The plug-in's own modules are found as GIMP finds them: side by side, with the package ``client`` among them."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "plugin_gimp" / "harmonize"))
sys.path.append(str(REPOSITORY / "backend"))
