"""A 24-megapixel layer, timed: Harmonize Again several times over, then the dialog with its slider."""

import statistics
import sys
import time

from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from raiha_testdriver import driver
from raiha_testdriver.driver import document, menu_entry, results, shown

TIMED = {"document": ("flattened",), "layers": ("copy_layer", "place_result")}
ROUNDS = 3
KEY_PRESSES = 40
MOVES = 15


def time_generators(seconds):
    """Replace generator functions of the plug-in by ones that note the seconds between their begin and their end."""
    for module, names in TIMED.items():
        for name in names:
            replace_everywhere(getattr(sys.modules[f"raiha.{module}"], name), name, seconds)


def replace_everywhere(original, name, seconds):
    """Put a timed function in the place of a generator function in every file that imported it."""

    def replacement(*arguments, **named):
        begin = time.monotonic()
        answer = yield from original(*arguments, **named)
        seconds[name] = time.monotonic() - begin
        return answer

    for module in list(sys.modules):
        if module.startswith("raiha.") and getattr(sys.modules[module], name, None) is original:
            setattr(sys.modules[module], name, replacement)


def innermost(steps):
    """Return the function and line where steps wait, the innermost of those that wait for others."""
    where = None
    while steps is not None and getattr(steps, "gi_frame", None) is not None:
        where = f"{steps.gi_code.co_name}:{steps.gi_frame.f_lineno}"
        inner = steps.gi_yieldfrom
        steps = steps.gi_frame.f_locals.get("steps") if inner is None else inner
    return where


def watch_steps(steps_taken):
    """Note how long every step of the plug-in takes, and the lines that it began and ended at."""
    runner = sys.modules["raiha.runner"].Runner
    advance = runner._advance

    def watched(self):
        begin, came_from = time.monotonic(), innermost(self._steps)
        try:
            return advance(self)
        finally:
            steps_taken.append((round(time.monotonic() - begin, 3), came_from, innermost(self._steps)))

    runner._advance = watched


def harmonize_once(seconds, steps_taken):
    """Harmonize without a dialog; return the figures."""
    seconds.clear()
    steps_taken.clear()
    driver.begin_gap()
    begin = time.monotonic()
    yield from driver.harmonize_again()
    whole = time.monotonic() - begin
    error = driver.error_text()
    if error:
        raise RuntimeError(error)
    copied, written = seconds["copy_layer"], seconds["place_result"]
    return {
        "read_s": copied - seconds["flattened"],
        "background_s": seconds["flattened"],
        "round_trip_s": whole - copied - written,
        "write_s": written,
        "whole_s": whole,
        "largest_gap_s": driver.largest_gap(),
        "slowest_steps": sorted(steps_taken, key=lambda step: -step[0])[:3],
    }


def back():
    """Take the result back and choose the object again."""
    yield from driver.undo(2)
    yield from driver.choose("object")


def slider_seconds(dialog):
    """Press Left on the slider; return the seconds from every press to the end of the preview's painting."""
    answers, painted = [], []
    paint = dialog.preview.paintEvent

    def noted(event):
        paint(event)
        painted.append(time.perf_counter())

    dialog.preview.paintEvent = noted
    dialog.strength.setValue(100)
    yield 0.3
    for _ in range(KEY_PRESSES):
        painted.clear()
        begin = time.perf_counter()
        QTest.keyClick(dialog.strength, Qt.Key_Left)
        yield lambda: painted
        answers.append(painted[-1] - begin)
    del dialog.preview.paintEvent
    return answers


def adjusting_seconds(dialog):
    """Move every adjustment's slider; return the median of the seconds from the move to the end of the painting."""
    medians = {}
    for name, slider in dialog.adjust.sliders.items():
        if not slider.isEnabled():
            continue
        seconds = []
        for step in range(MOVES):
            begin = time.perf_counter()
            slider.setValue(slider.value() + (2 if step % 2 else -1))
            dialog.preview.repaint()
            seconds.append(time.perf_counter() - begin)
            yield 0.01
        medians[name] = statistics.median(seconds)
    dialog.adjust.reset_all.click()
    return medians


def true_pixels_seconds(dialog):
    """Press 1:1; return the seconds until the layer's own pixels are on the screen."""
    begin = time.perf_counter()
    dialog.zoom.true.click()
    yield lambda: dialog.preview.detail() is not None
    dialog.preview.repaint()
    return time.perf_counter() - begin


def dialog_once():
    """Go through the dialog; return the slider's answers and the largest gap from its opening to the result."""
    driver.begin_gap()
    menu_entry("Harmonize...").trigger()
    yield lambda: shown("raiha_dialog") is not None
    dialog = shown("raiha_dialog")
    begin, stages = time.monotonic(), {}
    dialog._runner.progressed.connect(lambda stage, _: stages.setdefault(stage, round(time.monotonic() - begin, 3)))
    yield lambda: dialog.preview.after() is not None
    preview = time.monotonic() - begin
    gap = driver.largest_gap()
    answers = yield from slider_seconds(dialog)
    dialog.showMaximized()
    yield 0.5
    driver.begin_gap()
    size = [dialog.preview.width(), dialog.preview.height()]
    true_pixels = yield from true_pixels_seconds(dialog)
    adjusting = yield from adjusting_seconds(dialog)
    gap = max(gap, driver.largest_gap())
    driver.begin_gap()
    dialog.apply.click()
    yield lambda: shown("raiha_dialog") is None
    yield driver.is_settled
    yield 0.5
    return {
        "preview_s": preview,
        "preview_stages_begin_s": stages,
        "true_pixels_s": true_pixels,
        "adjusting_median_s": adjusting,
        "preview_size": size,
        "slider_median_s": statistics.median(answers),
        "slider_slowest_s": max(answers),
        "largest_gap_s": max(gap, driver.largest_gap()),
    }


def scenario():
    """Harmonize once to load the weights, then for the figures."""
    seconds, steps_taken = {}, []
    time_generators(seconds)
    watch_steps(steps_taken)
    yield 1.0
    yield driver.is_settled
    results["pixels"] = document().width() * document().height()
    results["rounds"] = []
    for number in range(ROUNDS + 1):
        figures = yield from harmonize_once(seconds, steps_taken)
        if number:
            results["rounds"].append(figures)
        yield from back()
    results["dialog"] = yield from dialog_once()
