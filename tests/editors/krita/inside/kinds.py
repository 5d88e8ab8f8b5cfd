"""Harmonizes layers of the kinds that RAIHA_TEST_KINDS names, with Harmonize Again from the menu."""

import os

from krita import Krita, Selection
from raiha_testdriver import driver
from raiha_testdriver.driver import document, node_named, results

SELECTED = (40, 30, 60, 80)


def open_fresh():
    """Open the document anew in a view of its own and wait until its layer is active.

    The ones before stay open: how a script closes a window's document is nothing that a user meets.
    """
    app = Krita.instance()
    fresh = app.openDocument(document().fileName())
    app.activeWindow().addView(fresh)
    app.setActiveDocument(fresh)
    yield from driver.at_rest()
    yield from driver.choose("object")


def in_space(model, depth, profile):
    """Return a preparation that converts the document."""

    def prepare():
        document().setColorSpace(model, depth, profile)
        document().waitForDone()
        yield from driver.at_rest()

    return prepare


def with_mask():
    """Give the layer a transparency mask that hides its left half, as the menu makes it of a selection."""
    node = node_named("object")
    x, y, width, height = driver.rect_of(node)
    selection = Selection()
    selection.select(x + width // 2, y, width, height, 255)
    document().setSelection(selection)
    yield from driver.at_rest()
    Krita.instance().action("add_new_transparency_mask").trigger()
    yield lambda: len(node.childNodes()) == 1
    document().setSelection(None)
    document().refreshProjection()
    yield from driver.at_rest()
    yield from driver.choose(node.childNodes()[0].name())


def in_group():
    """Move the layer into a group."""
    group = document().createGroupLayer("group")
    document().rootNode().addChildNode(group, None)
    node = node_named("object")
    node.remove()
    group.addChildNode(node, None)
    document().refreshProjection()
    yield from driver.at_rest()
    yield from driver.choose("object")


def as_group():
    """Move the layer into a group and choose the group."""
    yield from in_group()
    yield from driver.choose("group")


def off_canvas():
    """Move the layer half out of the picture."""
    node_named("object").move(-60, 200)
    document().refreshProjection()
    yield from driver.at_rest()


def with_selection():
    """Select a part of the layer."""
    x, y, _, _ = driver.rect_of(node_named("object"))
    selection = Selection()
    selection.select(x + SELECTED[0], y + SELECTED[1], SELECTED[2], SELECTED[3], 255)
    document().setSelection(selection)
    yield from driver.at_rest()


def flat():
    """Leave only the picture, in which a part is selected, half of it softly."""
    node_named("object").remove()
    document().refreshProjection()
    yield from driver.at_rest()
    yield from driver.choose("picture")
    x, y, width, height = SELECTED
    selection = Selection()
    selection.select(x, y, width, height // 2, 255)
    selection.select(x, y + height // 2, width, height // 2, 100)
    document().setSelection(selection)
    yield from driver.at_rest()


def with_selection_in_cmyk():
    """Select a part of the layer in a CMYK document."""
    yield from in_space("CMYKA", "U8", "Chemical proof")()
    yield from with_selection()


def animated():
    """Give the layer a second frame."""
    node = node_named("object")
    node.enableAnimation()
    yield from driver.at_rest()
    Krita.instance().action("add_duplicate_frame").trigger()
    yield from driver.at_rest()


def as_vector():
    """Replace the layer by a vector layer with a shape."""
    layer = document().createVectorLayer("shapes")
    document().rootNode().addChildNode(layer, None)
    layer.addShapesFromSvg(
        '<svg width="200" height="200" xmlns="http://www.w3.org/2000/svg"><rect x="60" y="60" width="80" height="60"'
        ' fill="#c05020"/></svg>'
    )
    document().refreshProjection()
    yield from driver.at_rest()
    yield from driver.choose("shapes")


def plain():
    """Leave the document as it is."""
    yield 0.0


KINDS = {
    "plain": plain,
    "u16": in_space("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"),
    "u16-linear": in_space("RGBA", "U16", "sRGB-elle-V2-g10.icc"),
    "f16-linear": in_space("RGBA", "F16", "sRGB-elle-V2-g10.icc"),
    "f32-linear": in_space("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    "wide-gamut": in_space("RGBA", "U16", "Rec2020-elle-V4-g10.icc"),
    "gray": in_space("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
    "gray-linear": in_space("GRAYA", "U16", "Gray-D50-elle-V2-g10.icc"),
    "cmyk": in_space("CMYKA", "U8", "Chemical proof"),
    "lab": in_space("LABA", "U16", "Lab identity built-in"),
    "mask": with_mask,
    "in-group": in_group,
    "group": as_group,
    "off-canvas": off_canvas,
    "selection": with_selection,
    "flat": flat,
    "selection-cmyk": with_selection_in_cmyk,
    "animated": animated,
    "vector": as_vector,
}


def one(kind, prepare):
    """Prepare the document, harmonize, undo and redo; leave everything for the test to compare."""
    yield from open_fresh()
    yield from prepare()
    active = document().activeNode()
    node = active.parentNode() if active.type().endswith("mask") else active
    before = driver.snapshot()
    found = {"asked": driver.describe(node, kind), "name": node.name()}
    yield 0.1
    driver.settle()
    assert driver.snapshot() == before
    yield from driver.harmonize_again()
    found["error"] = driver.error_text()
    new = node_named(f"{node.name()} (harmonized)")
    if new is not None:
        found.update(result_of(kind, node, new))
        after = driver.snapshot()
        yield from driver.undo(2)
        found["undone"] = driver.snapshot() == before
        yield from driver.redo(2)
        found["redone"] = driver.snapshot() == after
    results[kind] = found


def result_of(kind, node, new):
    """Return what became of a layer."""
    return {
        "rect": driver.rect_of(new),
        "type": new.type(),
        "pixels": driver.dump(f"{kind}-result.raw", new.pixelData(*driver.rect_of(node))),
        "original_visible": node.visible(),
        "children": [child.type() for child in new.childNodes()],
        "parent": new.parentNode().name(),
        "opacity": new.opacity(),
    }


def scenario():
    """Go through the kinds."""
    for kind in os.environ["RAIHA_TEST_KINDS"].split():
        yield from one(kind, KINDS[kind])
