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


def innermost(steps):
    """Return the line where steps wait, the innermost of those that wait for others."""
    where = None
    while steps is not None and getattr(steps, "gi_frame", None) is not None:
        where = f"{steps.gi_code.co_name}:{steps.gi_frame.f_lineno}"
        steps = steps.gi_yieldfrom
    return where


def watch_steps(slowest):
    """Note how long every step of the plug-in takes and the line that it ended at."""
    runner = sys.modules["raiha.runner"].Runner
    advance = runner._advance

    def watched(self):
        begin = time.monotonic()
        try:
            return advance(self)
        finally:
            slowest.append((round(time.monotonic() - begin, 3), innermost(self._steps)))

    runner._advance = watched


def scenario():
    """Harmonize once and note the seconds."""
    seconds = {}
    for module, names in STEPS.items():
        for name in names:
            timed(module, name, seconds)
    slowest = []
    watch_steps(slowest)
    yield 1.0
    driver.begin_gap()
    begin = time.monotonic()
    yield from driver.harmonize_again()
    results["largest_gap_s"] = driver.largest_gap()
    results["slowest_steps"] = sorted(slowest, key=lambda step: -step[0])[:5]
    results["error"] = driver.error_text()
    results["whole_s"] = time.monotonic() - begin
    results["background_s"] = seconds.get("background_without")
    results["read_s"] = seconds["copy_layer"] - seconds["background_without"]
    results["write_s"] = seconds.get("place_result")
    results["round_trip_s"] = results["whole_s"] - seconds["copy_layer"] - seconds.get("place_result", 0.0)
    results["pixels"] = document().width() * document().height()
