"""The dialog as a user goes through it, with pictures of everything for the guide."""

import os
import subprocess

from PyQt5.QtCore import QEvent, QPoint, Qt, QTimer
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication
from raiha_testdriver import driver
from raiha_testdriver.driver import menu_entry, node_named, results, screenshot, shown


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
    for _ in range(40):
        widget = dialog.focusWidget()
        reached.append(type(widget).__name__)
        QTest.keyClick(widget, Qt.Key_Tab)
        yield 0.02
    results["reached"] = reached
    split = dialog.preview.split
    QTest.keyClick(dialog.preview, Qt.Key_Left)
    results["split_moved"] = dialog.preview.split < split
    QTest.keyClick(dialog.preview, Qt.Key_Right)


def move_strength(dialog):
    """Move the strength and note how many pictures there are."""
    pictures = set()
    for percent in (0, 25, 50, 75, 100):
        dialog.strength.setValue(percent)
        pictures.add(bytes(dialog.preview.after().constBits().asarray(dialog.preview.after().byteCount())))
    results["different_strengths"] = len(pictures)


def adjust_by_hand(dialog):
    """Warm and darken the object, reset the contrast by a double-click; note what is seen."""
    found = dict(dialog.adjust.adjustments.numbers())
    dialog.adjust.sliders["exposure"].setValue(-50)
    dialog.adjust.numbers["temperature"].setValue(1.25)
    dialog.adjust.sliders["contrast"].setValue(90)
    QTest.mouseDClick(dialog.adjust.sliders["contrast"], Qt.LeftButton)
    yield 0.2
    screenshot("krita-adjusted")
    numbers = dialog.adjust.adjustments.numbers()
    results["changed"] = sorted(name for name in found if numbers[name] != found[name])


def zoom(dialog):
    """Zoom by the wheel, the buttons and the keys, move the picture, and come back; note the scales and places."""
    scales, viewport = [dialog.preview.viewport.scale], dialog.preview.viewport
    for button in (dialog.zoom.into, dialog.zoom.true, dialog.zoom.out):
        button.click()
        scales.append(viewport.scale)
    QTest.keyClick(dialog.preview, Qt.Key_Plus)
    scales.append(viewport.scale)
    split, place = dialog.preview.split, viewport.visible()
    centre = dialog.preview.rect().center()
    grip = centre if dialog.preview.split != 0.5 else centre + QPoint(60, 0)
    QTest.mousePress(dialog.preview, Qt.LeftButton, Qt.NoModifier, grip)
    # QTest's own move reports no button that is held.
    moved = QMouseEvent(QEvent.MouseMove, grip + QPoint(-30, -20), Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(dialog.preview, moved)
    yield 0.1
    screenshot("krita-zoomed")
    QTest.mouseRelease(dialog.preview, Qt.LeftButton, Qt.NoModifier, grip + QPoint(-30, -20))
    results["zoom"] = {
        "scales": scales,
        "moved": viewport.visible() != place,
        "line_stays": dialog.preview.split == split,
    }
    dialog.zoom.fit.click()
    results["zoom"]["fits"] = viewport.is_fit


def rows(references):
    """Return the lines of the list of references."""
    return [references.list.item(row).text() for row in range(references.list.count())]


def run_again(dialog):
    """Press Run Again and wait for its end."""
    dialog.references.again.click()
    yield lambda: dialog._runner is not None
    yield lambda: dialog._runner is None


def change_references(dialog):
    """Choose the gallery, exclude one reference, pin another and run again."""
    references = dialog.references
    results["folded"] = [not references.isVisible()]
    dialog.gallery.list.setCurrentIndex(1)
    dialog.gallery.list.activated.emit(1)
    results["folded"].append(not references.isVisible())
    yield lambda: references.list.count() > 1
    yield 0.3
    results["references"] = rows(references)
    screenshot("krita-dialog")
    references.list.setCurrentRow(0)
    references.exclude.click()
    references.list.setCurrentRow(1)
    references.pin.click()
    yield from choose_from_disk(references)
    yield from run_again(dialog)
    results["references_again"] = rows(references)
    yield 0.2
    screenshot("krita-dialog-references")


def choose_from_disk(references):
    """Choose a photo in the file dialog, which runs an event loop of its own."""
    QTimer.singleShot(0, references.choose.click)
    yield lambda: QApplication.activeModalWidget() is not None
    yield from driver.type_file_name(os.environ["RAIHA_TEST_PHOTO"])


def apply(dialog):
    """Press Harmonize and wait; take a picture on the way."""
    dialog.apply.click()
    yield lambda: shown("raiha_dialog") is None or dialog.progress.words.text() == "Harmonizing"
    screenshot("krita-progress")
    yield lambda: shown("raiha_dialog") is None
    yield driver.is_settled
    yield 2.0  # Krita draws the thumbnails of the layers after a while.


def dumped(name):
    """Return the file with the pixels of the new layer."""
    rect = driver.rect_of(node_named("object"))
    return driver.dump(f"{name}.raw", node_named("object (harmonized)").pixelData(*rect))


def press_keys(keys):
    """Press keys on the real keyboard of the screen: they go to Krita's window."""
    driver.window().activateWindow()
    subprocess.Popen(["xdotool", "windowfocus", str(int(driver.window().winId())), "key", keys])


def opened(dialog_is_opened_by):
    """Open the dialog and wait for its preview; return the dialog."""
    dialog_is_opened_by()
    yield lambda: shown("raiha_dialog") is not None
    dialog = shown("raiha_dialog")
    yield lambda: dialog.preview.after() is not None
    return dialog


def back():
    """Undo, and choose the object again."""
    yield from driver.undo(2)
    results.setdefault("undone", []).append(driver.snapshot())
    yield from driver.choose("object")


def seventy_percent():
    """Open the dialog by its shortcut, reach everything by keys, and harmonize at 70 %."""
    dialog = yield from opened(lambda: press_keys("ctrl+alt+h"))
    yield from use_keyboard(dialog)
    move_strength(dialog)
    dialog.strength.setValue(70)
    yield from apply(dialog)
    screenshot("krita-result")
    results["seventy"] = dumped("seventy")
    yield from back()


def adjusted():
    """Zoom, adjust by hand, and harmonize."""
    yield no_message_is_shown
    dialog = yield from opened(menu_entry("Harmonize...").trigger)
    dialog.strength.setValue(100)
    yield from zoom(dialog)
    yield from adjust_by_hand(dialog)
    yield from apply(dialog)
    results["adjusted"] = dumped("adjusted")
    results["adjusted_name"] = node_named("object (harmonized)").name()
    yield from back()


def no_message_is_shown():
    """Return whether no passing message lies over the picture."""
    return not any(
        widget.isVisible() and widget.metaObject().className() == "KisFloatingMessage"
        for widget in QApplication.allWidgets()
    )


def with_references():
    """Harmonize with references that are excluded, pinned and chosen from disk, and only the colour."""
    yield no_message_is_shown
    dialog = yield from opened(menu_entry("Harmonize...").trigger)
    dialog.strength.setValue(70)
    yield from change_references(dialog)
    dialog.what.setCurrentIndex(1)
    yield from apply(dialog)
    results["with_references"] = dumped("with-references")
    yield from back()


def again():
    """Press the shortcut of Harmonize Again: no dialog comes."""
    press_keys("ctrl+alt+shift+h")
    yield lambda: shown("raiha_progress") is not None
    dialogs = []
    yield lambda: dialogs.append(shown("raiha_dialog")) or shown("raiha_progress") is None
    yield driver.is_settled
    yield 0.1
    results["dialogs_at_again"] = sum(dialog is not None for dialog in dialogs)
    results["again"] = dumped("again")
    yield from back()


def remembered():
    """Open the dialog to see what it remembers."""
    dialog = yield from opened(menu_entry("Harmonize...").trigger)
    values = [dialog.strength.value(), dialog.what.currentData(), dialog.gallery.name()]
    dialog.reject()
    yield lambda: shown("raiha_dialog") is None
    return values


def scenario():
    """Go through the dialog, undo, run again without it, and open it again to see what it remembers."""
    before = driver.snapshot()
    yield from menu_picture()
    results["asked"] = driver.describe(node_named("object"), "object")
    yield from driver.choose("object")
    yield from seventy_percent()
    yield from adjusted()
    yield from with_references()
    yield from again()
    results["undone"] = [snapshot == before for snapshot in results["undone"]]
    results["remembered"] = yield from remembered()
