"""Goes through the plug-in's dialog under PyQt6, with the Krita mock and a real daemon; prints what it found as JSON.

Run by test_qt6.py: ``python dialog_in_qt6.py FOLDER``, where FOLDER holds the installed plug-in ``raiha``.
"""

from __future__ import annotations

import json
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import krita_mock
from krita_mock import Document, Krita, Node, Rect

PATIENCE_S = 600
"""A wait that lasts longer ends the program, so that a test fails in place of hanging."""


def import_plugin(folder: Path) -> None:
    """Make ``import krita_raiha.dialog`` work without Krita."""
    package = types.ModuleType("krita_raiha")
    package.__path__ = [str(folder / "raiha")]
    sys.modules.update(krita=krita_mock, krita_raiha=package)  # type: ignore[arg-type]


def document() -> Document:
    """Return a gray picture of 96 x 64 pixels with a reddish square in it."""
    made = Document(96, 64)
    ramp = b"".join(bytes([level, level, level, 255]) for level in range(60, 156))
    made.add(Node("picture", rect=Rect(0, 0, 96, 64), pixels=ramp * 64))
    made.add(Node("object", rect=Rect(30, 16, 32, 32), pixels=b"\x30\x40\xc0\xff" * 32 * 32))
    Krita.instance().document = made
    return made


def wait(app: Any, condition: Callable[[], Any]) -> None:
    """Let events be handled until a condition is true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        app.processEvents()
        time.sleep(0.005)
        if time.monotonic() > end:
            raise TimeoutError(condition)


def cut_texts(app: Any, dialog: Any) -> list[str]:
    """Return the texts of buttons and labels of a dialog that have less room than they need."""
    from PyQt6.QtWidgets import QAbstractButton, QLabel

    dialog.references_section.heading.setChecked(True)
    dialog.show()
    for _ in range(20):
        app.processEvents()
    widgets = [*dialog.findChildren(QAbstractButton), *dialog.findChildren(QLabel)]
    return [
        widget.text()
        for widget in widgets
        if widget.isVisible() and not getattr(widget, "wordWrap", bool)() and widget.width() < widget.sizeHint().width()
    ]


def main() -> None:
    """Open the dialog, use keys and buttons, apply, and see an error."""
    import_plugin(Path(sys.argv[1]))
    from krita_raiha import qt
    from krita_raiha.client import raiha_texts as texts
    from krita_raiha.client.errors import LayerError
    from krita_raiha.client.raiha_plugin import Options
    from krita_raiha.dialog import HarmonizeDialog
    from krita_raiha.messages import show_error
    from krita_raiha.progress import ProgressWindow
    from krita_raiha.session import Session
    from PyQt6.QtCore import QT_VERSION_STR, Qt
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication, QWidget

    app = QApplication(sys.argv[:1])
    window, picture = QWidget(), document()
    session = Session(picture, [picture.topLevelNodes()[1]], "qt6")
    dialog = HarmonizeDialog(session, Options(), window)
    done: list[Any] = []
    dialog.done_with.connect(lambda options, result: done.append((options, result)))
    dialog.show()
    wait(app, lambda: dialog.preview.after() is not None)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_Right):
        QTest.keyClick(dialog.preview, key)
    QTest.mouseClick(dialog.preview, Qt.MouseButton.LeftButton)
    dialog.references.add_photo("/nowhere/photo.jpg")
    for button in (dialog.references.exclude, dialog.references.pin, dialog.references.pin):
        button.click()
    dialog.references.set_references([])
    QTest.keyClick(dialog.strength, Qt.Key.Key_Left)
    dialog.preview.repaint()
    dialog.apply.click()
    wait(app, lambda: done)
    progress = ProgressWindow(window)
    progress.progress.show_stage("network", 0.5)
    progress.show()
    error = show_error(LayerError(("Wrong.", "Mend it.")), window)
    app.processEvents()
    progress.leave()
    found = {
        "qt": [qt.QtWidgets.QWidget.__module__.rpartition(".")[0], QT_VERSION_STR],
        "layers": [(node.name(), node.visible()) for node in picture.topLevelNodes()],
        "strength": done[0][0].strength,
        "error": [error.text(), error.informativeText()],
        "undo_steps": done[0][1].undo_steps,
    }
    found["cut"] = {}
    for language in texts.languages():
        texts.use_language([language])
        other = HarmonizeDialog(Session(picture, [picture.topLevelNodes()[1]], "qt6"), Options(), window)
        found["cut"][language] = cut_texts(app, other)
        found["cut"][language] += [] if other.apply.text() == texts.APPLY else [other.apply.text()]
        other.reject()
        wait(app, lambda other=other: other._runner is None)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
