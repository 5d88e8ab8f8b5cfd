"""Real editors are driven only when asked for: ``make test-editors EDITOR=krita`` names the folder itself."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
if not os.environ.get("RAIHA_TEST_EDITORS"):
    collect_ignore_glob = ["krita/*", "gimp/*"]
