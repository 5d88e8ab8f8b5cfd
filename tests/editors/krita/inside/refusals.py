"""Layers that cannot be harmonized: what is said, and that nothing happens."""

from krita import Krita, Selection
from PyQt5.QtWidgets import QMessageBox
from raiha_testdriver import driver
from raiha_testdriver.driver import document, menu_entry, node_named, results


def refused(name):
    """Choose Harmonize Again and note what is said; the document has to stay as it is."""
    before = driver.snapshot()
    menu_entry("Harmonize Again").trigger()
    yield lambda: driver.shown("raiha_error") is not None
    results[name] = {"said": driver.error_text(), "unchanged": driver.snapshot() == before}
    yield 0.1


def scenario():
    """Make the layer unfit in one way after the other."""
    node, picture = node_named("object"), node_named("picture")
    node.setVisible(False)
    yield from refused("hidden")
    node.setVisible(True)
    node.setLocked(True)
    yield from refused("locked")
    node.setLocked(False)
    picture.setVisible(False)
    document().refreshProjection()
    document().waitForDone()
    yield from refused("alone")
    picture.setVisible(True)
    document().refreshProjection()
    selection = Selection()
    selection.select(0, 0, 10, 10, 255)
    document().setSelection(selection)
    yield 0.2
    yield from refused("selection")
    document().setSelection(None)
    yield from wrong_layer()
    yield from flat()
    empty = document().createNode("empty", "paintlayer")
    document().rootNode().addChildNode(empty, None)
    document().setActiveNode(empty)
    yield lambda: document().activeNode().name() == "empty"
    yield from refused("empty")
    results["without-a-document"] = yield from greyed_out()


def wrong_layer():
    """Open the dialog for the picture's own layer: the layer above is offered; decline."""
    before = driver.snapshot()
    yield from driver.choose("picture")
    menu_entry("Harmonize...").trigger()
    yield lambda: driver.shown("raiha_question") is not None
    box = driver.shown("raiha_question")
    yield 0.2
    driver.screenshot("wrong-layer")
    results["wrong-layer"] = {
        "said": box.text(),
        "buttons": sorted(button.text().replace("&", "") for button in box.buttons()),
    }
    press_cancel(box)
    yield lambda: driver.shown("raiha_dialog") is None
    results["wrong-layer"]["unchanged"] = driver.snapshot() == before


def press_cancel(box):
    """Press the button of a question that declines."""
    next(button for button in box.buttons() if box.buttonRole(button) == QMessageBox.RejectRole).click()


def flat():
    """Hide the object: what is left is a flat picture without a selection."""
    node_named("object").setVisible(False)
    document().refreshProjection()
    document().waitForDone()
    yield from refused("flat")
    node_named("object").setVisible(True)


def greyed_out():
    """Close the document and return whether both entries are greyed out."""
    document().setBatchmode(True)
    document().setModified(False)
    document().close()
    yield lambda: Krita.instance().activeDocument() is None
    yield 0.3
    return [menu_entry(words).isEnabled() for words in ("Harmonize...", "Harmonize Again")]
