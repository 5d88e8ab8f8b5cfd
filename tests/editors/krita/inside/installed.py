"""Says where this Krita found the plug-in, and what is in its Filter menu."""

import sys
from pathlib import Path

from raiha_testdriver import driver
from raiha_testdriver.driver import results


def scenario():
    """Look, and do nothing."""
    yield 0.1
    results["package"] = str(Path(sys.modules["raiha"].__file__).parent)
    results["entries"] = {
        action.text().replace("&", ""): action.shortcut().toString()
        for action in driver.filter_menu().actions()
        if "Harmonize" in action.text()
    }
