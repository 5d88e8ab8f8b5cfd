"""A 24-megapixel layer through Harmonize Again, timed step by step, with the event loop's largest gap."""

import sys
import time

from raiha_testdriver import driver
from raiha_testdriver.driver import document, results

STEPS = {
    "document": ("background_without",),
    "layers": ("copy_layer", "place_result"),
}


def timed(module, name, seconds):
    """Replace a generator function by one that adds up the wall-clock seconds between its begin and its end."""
    original = getattr(sys.modules[f"raiha.{module}"], name)

    def replacement(*arguments, **named):
        begin = time.monotonic()
        answer = yield from original(*arguments, **named)
        seconds[name] = time.monotonic() - begin
        return answer

    for other in list(sys.modules):
        if other.startswith("raiha.") and getattr(sys.modules[other], name, None) is original:
            setattr(sys.modules[other], name, replacement)


def scenario():
    """Harmonize once and note the seconds."""
    seconds = {}
    for module, names in STEPS.items():
        for name in names:
            timed(module, name, seconds)
    yield 1.0
    driver.begin_gap()
    begin = time.monotonic()
    yield from driver.harmonize_again()
    results["largest_gap_s"] = driver.largest_gap()
    results["error"] = driver.error_text()
    results["whole_s"] = time.monotonic() - begin
    results["background_s"] = seconds.get("background_without")
    results["read_s"] = seconds["copy_layer"] - seconds["background_without"]
    results["write_s"] = seconds.get("place_result")
    results["round_trip_s"] = results["whole_s"] - seconds["copy_layer"] - seconds.get("place_result", 0.0)
    results["pixels"] = document().width() * document().height()
