"""The dialog as a user goes through it, with pictures of everything for the guide."""

import time

from krita import Krita
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from raiha_testdriver import driver
from raiha_testdriver.driver import document, menu_entry, node_named, results, screenshot, shown


def menu_picture():
    """Open the Filter menu for a picture of it."""
    menu = driver.filter_menu()
    bar = driver.window().menuBar()
    menu.popup(bar.mapToGlobal(bar.actionGeometry(menu.menuAction()).bottomLeft()))
    yield 0.4
    menu.setActiveAction(menu_entry("Harmonize..."))
    yield 0.3
    screenshot("krita-menu")
    menu.close()
    yield 0.1


def use_keyboard(dialog):
    """Reach every field with Tab and note which."""
    reached = []
    dialog.activateWindow()
    dialog.preview.setFocus()
    for _ in range(14):
        widget = dialog.focusWidget()
        reached.append(type(widget).__name__)
        QTest.keyClick(widget, Qt.Key_Tab)
        yield 0.02
    results["reached"] = reached
    split = dialog.preview.split
    QTest.keyClick(dialog.preview, Qt.Key_Left)
    results["split_moved"] = dialog.preview.split < split
    QTest.keyClick(dialog.preview, Qt.Key_Right)


def time_strength(dialog):
    """Move the strength and note the slowest answer, painting included."""
    slowest = 0.0
    pictures = set()
    for percent in (0, 25, 50, 75, 100):
        begin = time.perf_counter()
        dialog.strength.setValue(percent)
        dialog.preview.repaint()
        slowest = max(slowest, time.perf_counter() - begin)
        pictures.add(bytes(dialog.preview.after().constBits().asarray(dialog.preview.after().byteCount())))
    results["slowest_strength_s"] = slowest
    results["different_strengths"] = len(pictures)


def change_references(dialog):
    """Choose the gallery, exclude one reference, pin another and run again."""
    dialog.gallery.setCurrentIndex(1)
    dialog.gallery.activated.emit(1)
    references = dialog.references
    yield lambda: references.list.count() > 1
    yield 0.3
    results["references"] = [references.list.item(row).text() for row in range(references.list.count())]
    screenshot("krita-dialog")
    references.list.setCurrentRow(0)
    references.exclude.click()
    references.list.setCurrentRow(1)
    references.pin.click()
    references.again.click()
    yield lambda: dialog._runner is not None
    yield lambda: dialog._runner is None
    results["references_again"] = [references.list.item(row).text() for row in range(references.list.count())]
    yield 0.2
    screenshot("krita-dialog-references")


def apply(dialog):
    """Press Harmonize and wait; take a picture on the way and at the end."""
    dialog.strength.setValue(70)
    dialog.what.setCurrentIndex(1)
    dialog.apply.click()
    yield 0.15
    screenshot("krita-progress")
    yield lambda: shown("raiha_dialog") is None
    driver.settle()
    yield 0.6
    screenshot("krita-result")


def scenario():
    """Go through the dialog once, undo, and open it again to see what it remembers."""
    before = driver.snapshot()
    yield from menu_picture()
    menu_entry("Harmonize...").trigger()
    yield lambda: shown("raiha_dialog") is not None
    dialog = shown("raiha_dialog")
    yield lambda: dialog.preview.after() is not None
    yield from use_keyboard(dialog)
    time_strength(dialog)
    yield from change_references(dialog)
    asked = driver.describe(node_named("object"), "object")
    yield from apply(dialog)
    new = node_named("object (harmonized)")
    results["asked"] = asked
    results["pixels"] = driver.dump("result.raw", new.pixelData(*asked["rect"]))
    yield from driver.undo(2)
    results["undone"] = driver.snapshot() == before
    results["shortcut"] = Krita.instance().action("raiha_harmonize").shortcut().toString()
    document().setActiveNode(node_named("object"))
    yield 0.2
    menu_entry("Harmonize...").trigger()
    yield lambda: shown("raiha_dialog") is not None
    dialog = shown("raiha_dialog")
    yield lambda: dialog.preview.after() is not None
    results["remembered"] = [dialog.strength.value(), dialog.what.currentData(), dialog.gallery.currentData()]
    dialog.reject()
    yield lambda: shown("raiha_dialog") is None
