"""Layers that cannot be harmonized: what is said, and that nothing happens."""

from krita import Krita, Selection
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
    empty = document().createNode("empty", "paintlayer")
    document().rootNode().addChildNode(empty, None)
    document().setActiveNode(empty)
    yield lambda: document().activeNode().name() == "empty"
    yield from refused("empty")
    results["without-a-document"] = yield from greyed_out()


def greyed_out():
    """Close the document and return whether both entries are greyed out."""
    document().setBatchmode(True)
    document().setModified(False)
    document().close()
    yield lambda: Krita.instance().activeDocument() is None
    yield 0.3
    return [menu_entry(words).isEnabled() for words in ("Harmonize...", "Harmonize Again")]
