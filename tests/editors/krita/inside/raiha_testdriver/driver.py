"""Drives Krita's own window: a scenario yields what it waits for, and the event loop runs on meanwhile."""

import faulthandler
import json
import os
import re
import runpy
import sys
import time
import traceback
from pathlib import Path

from krita import Krita
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QLineEdit, QMenu

OUT = Path(os.environ.get("RAIHA_TEST_OUT", "."))
PATIENCE_S = 240
"""A wait that lasts longer ends Krita, so that a test fails in place of hanging."""

results = {}
_state = {"scenario": None, "condition": None, "since": 0.0, "last": 0.0, "gap": 0.0}


def has_begun():
    """Return whether a scenario is running."""
    return _state["scenario"] is not None


def begin():
    """Start the scenario and the clock that drives it; a Krita that crashes writes where in Python that was."""
    faulthandler.enable()
    sys.path.insert(0, str(Path(os.environ["RAIHA_TEST_SCRIPT"]).parent))
    names = runpy.run_path(os.environ["RAIHA_TEST_SCRIPT"])
    _state.update(scenario=_whole(names["scenario"]), condition=lambda: True, since=time.monotonic())
    _tick()


def _whole(scenario):
    yield document_is_ready
    window().setGeometry(0, 0, 1280, 860)
    yield 0.5
    yield from scenario()


def _tick():
    now = time.monotonic()
    _state["gap"] = max(_state["gap"], now - _state["last"]) if _state["last"] else 0.0
    try:
        if _state["condition"]():
            _wait_for(next(_state["scenario"]))
        elif now - _state["since"] > PATIENCE_S:
            raise TimeoutError(f"waited in vain, see timeout.png: {_state['condition']}")
    except StopIteration:
        _end(0)
    except BaseException:
        screenshot("timeout")
        traceback.print_exc()
        _end(1)
    _state["last"] = time.monotonic()
    QTimer.singleShot(10, _tick)


def _wait_for(wish):
    now = time.monotonic()
    condition = wish if callable(wish) else (lambda: time.monotonic() - now >= wish)
    _state.update(condition=condition, since=now)


def _end(status):
    (OUT / "results.json").write_text(json.dumps(results))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Krita's own end asks about documents that are not saved.


def begin_gap():
    """Begin to measure the largest gap of the event loop anew."""
    _state.update(gap=0.0, last=0.0)


def largest_gap():
    """Return the largest gap of the event loop in seconds."""
    return _state["gap"]


def document():
    """Return the active document."""
    return Krita.instance().activeDocument()


def document_is_ready():
    """Return whether a document with an active layer is open."""
    return document() is not None and document().activeNode() is not None


def window():
    """Return Krita's main window."""
    return Krita.instance().activeWindow().qwindow()


def shown(name):
    """Return the visible top-level widget of that object name, or None."""
    for widget in QApplication.topLevelWidgets():
        if widget.objectName() == name and widget.isVisible():
            return widget
    return None


def menu_entry(words):
    """Return the entry of the Filter menu, as a user sees it."""
    for bar_action in window().menuBar().actions():
        if bar_action.text().replace("&", "") == "Filter":
            for action in bar_action.menu().actions():
                if action.text().replace("&", "") == words:
                    return action
    raise LookupError(words)


def type_file_name(path):
    """Type a name into the file dialog that is open, and Return."""
    chooser = QApplication.activeModalWidget()
    name = chooser.findChild(QLineEdit, "fileNameEdit")
    yield name.isVisible
    QTest.keyClicks(name, path)
    yield 0.2
    QTest.keyClick(name, Qt.Key_Return)
    yield lambda: QApplication.activeModalWidget() is not chooser


def filter_menu():
    """Return the Filter menu."""
    return next(
        action.menu()
        for action in window().menuBar().actions()
        if isinstance(action.menu(), QMenu) and action.text().replace("&", "") == "Filter"
    )


def harmonize_again():
    """Choose Filter > Harmonize Again and wait until it has ended; a condition to wait for is yielded."""
    yield menu_entry("Harmonize Again").isEnabled  # What is greyed out does nothing.
    menu_entry("Harmonize Again").trigger()
    yield lambda: shown("raiha_progress") is None
    yield is_settled
    yield 0.1


def error_text():
    """Return what the error box says, and close it; None when there is none."""
    box = shown("raiha_error")
    if box is None:
        return None
    words = f"{box.text()} {box.informativeText()}"
    box.close()
    return words


def is_settled():
    """Return whether Krita has nothing left to compute for the document."""
    if not document().tryBarrierLock():
        return False
    document().unlock()
    return True


def at_rest():
    """Wait until Krita has taken note of a change and has nothing left to compute."""
    yield 0.2
    yield is_settled
    yield 0.1


def choose(name):
    """Make a layer the active one."""
    document().setActiveNode(node_named(name))
    yield lambda: document().activeNode() is not None and document().activeNode().name() == name


def settle():
    """Wait until Krita has nothing left to compute."""
    document().waitForDone()
    QApplication.processEvents()


def undo(times=1):
    """Undo as the menu does."""
    for _ in range(times):
        Krita.instance().action("edit_undo").trigger()
        yield 0.1
        settle()


def redo(times=1):
    """Redo as the menu does."""
    for _ in range(times):
        Krita.instance().action("edit_redo").trigger()
        yield 0.1
        settle()


def rect_of(node):
    """Return x, y, width, height of a layer."""
    bounds = node.bounds()
    return [bounds.x(), bounds.y(), bounds.width(), bounds.height()]


def dump(name, pixels):
    """Write pixels for the test to read; return the file's name."""
    (OUT / name).write_bytes(bytes(pixels))
    return name


def snapshot(doc=None):
    """Return all that undo has to bring back: every layer's name, visibility, place and pixels."""
    rows = []

    def walk(node, depth):
        for child in node.childNodes():
            pixels = bytes(child.pixelData(*rect_of(child))) if child.bounds().width() else b""
            rows.append((depth, child.name(), child.type(), child.visible(), rect_of(child), hash(pixels)))
            walk(child, depth + 1)

    walk((doc or document()).rootNode(), 0)
    return rows


def node_named(name):
    """Return the layer of that name, wherever it lies."""
    return next((node for node in all_nodes(document().rootNode()) if plain_name(node) == name), None)


def plain_name(node):
    """Return a layer's name without the adjustments that a result's name has."""
    return re.sub(r" \(harmonized: .*\)$", " (harmonized)", node.name())


def all_nodes(node):
    """Return all nodes below a node."""
    for child in node.childNodes():
        yield child
        yield from all_nodes(child)


def describe(node, prefix):
    """Dump a layer and the picture without it, found by hiding the layer: what a request consists of."""
    doc, rect = document(), rect_of(node)
    fields = {
        "rect": rect,
        "model": node.colorModel(),
        "depth": node.colorDepth(),
        "profile": node.colorProfile(),
        "pixels": dump(f"{prefix}-pixels.raw", node.pixelData(*rect)),
        "projection": dump(f"{prefix}-projection.raw", node.projectionPixelData(*rect)),
        "canvas": [doc.width(), doc.height()],
    }
    node.setVisible(False)
    doc.refreshProjection()
    doc.waitForDone()
    fields["background"] = dump(f"{prefix}-background.raw", doc.pixelData(0, 0, doc.width(), doc.height()))
    node.setVisible(True)
    doc.refreshProjection()
    doc.waitForDone()
    return fields


def screenshot(name, widget=None):
    """Write a picture of the whole screen where Krita's window is, or of one window with what lies over it."""
    frame = (widget or window()).frameGeometry()
    grabbed = QApplication.primaryScreen().grabWindow(0, frame.x(), frame.y(), frame.width(), frame.height())
    grabbed.save(str(OUT / f"{name}.png"))
