"""Several chosen layers, and the result in place of the layer, with another document open."""

from krita import Krita
from PyQt5.QtCore import QItemSelectionModel
from PyQt5.QtWidgets import QDockWidget, QTreeView
from raiha_testdriver import driver
from raiha_testdriver.driver import document, menu_entry, node_named, results


def choose_rows(names):
    """Choose layers in the layers docker, as Ctrl and a click do."""
    docker = driver.window().findChild(QDockWidget, "KisLayerBox")
    view = docker.findChild(QTreeView)
    model = view.selectionModel()
    rows = {view.model().index(row, 0).data(): view.model().index(row, 0) for row in range(view.model().rowCount())}
    for number, name in enumerate(names):
        how = QItemSelectionModel.ClearAndSelect if number == 0 else QItemSelectionModel.Select
        if number == 0:
            view.setCurrentIndex(rows[name])
        model.select(rows[name], how | QItemSelectionModel.Rows)


def several():
    """Harmonize two chosen layers at once."""
    second = node_named("object").clone()
    second.setName("second")
    document().rootNode().addChildNode(second, None)
    second.move(30, 20)
    document().refreshProjection()
    document().waitForDone()
    yield 0.3
    asked = {name: driver.describe(node_named(name), name) for name in ("object", "second")}
    yield 0.2
    before = driver.snapshot()
    choose_rows(["object", "second"])
    view = Krita.instance().activeWindow().activeView()
    yield lambda: len(view.selectedNodes()) == 2
    yield from driver.harmonize_again()
    found = {"asked": asked, "error": driver.error_text(), "result": {}}
    for name in asked:
        new = node_named(f"{name} (harmonized)")
        found["result"][name] = driver.dump(f"{name}-result.raw", new.pixelData(*asked[name]["rect"]))
    found["visible"] = {driver.plain_name(node): node.visible() for node in driver.all_nodes(document().rootNode())}
    yield from driver.undo(4)
    found["undone"] = driver.snapshot() == before
    results["several"] = found


def in_place():
    """Harmonize with the dialog, the result in place of the layer."""
    document().setActiveNode(node_named("object"))
    yield lambda: document().activeNode().name() == "object"
    before = driver.snapshot()
    menu_entry("Harmonize...").trigger()
    yield lambda: driver.shown("raiha_dialog") is not None
    dialog = driver.shown("raiha_dialog")
    dialog.placement.setCurrentIndex(1)
    yield lambda: dialog.preview.after() is not None
    dialog.apply.click()
    yield lambda: driver.shown("raiha_dialog") is None
    yield 0.3
    driver.settle()
    names = [node.name() for node in driver.all_nodes(document().rootNode())]
    results["in-place"] = {"names": names, "changed": driver.snapshot() != before}
    yield from driver.undo(2)
    results["in-place"]["undone"] = driver.snapshot() == before


def other_document():
    """Return the document that is open beside the active one."""
    return next(other for other in Krita.instance().documents() if other != document())


def scenario():
    """Harmonize in one of two documents; the other one stays as it is."""
    yield lambda: len(Krita.instance().documents()) == 2 and document().fileName().endswith("behaviour.ora")
    yield driver.document_is_ready
    before = driver.snapshot(other_document())
    yield from several()
    yield from in_place()
    results["other_unchanged"] = driver.snapshot(other_document()) == before
