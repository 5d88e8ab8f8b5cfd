"""Harmonizes the active layer once, with Harmonize Again."""

from raiha_testdriver import driver
from raiha_testdriver.driver import node_named, results


def scenario():
    """Harmonize and dump the new layer."""
    yield from driver.harmonize_again()
    results["error"] = driver.error_text()
    rect = driver.rect_of(node_named("object"))
    results["rect"] = rect
    results["pixels"] = driver.dump("once.raw", node_named("object (harmonized)").pixelData(*rect))
