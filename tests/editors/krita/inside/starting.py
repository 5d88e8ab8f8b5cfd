"""There is no daemon, or not the right one: the plug-in starts one, or says what is wrong."""

from raiha_testdriver import driver
from raiha_testdriver.driver import results


def scenario():
    """Choose Harmonize Again once."""
    before = driver.snapshot()
    yield from driver.harmonize_again()
    results["said"] = driver.error_text()
    results["unchanged"] = driver.snapshot() == before
    results["names"] = [driver.plain_name(node) for node in driver.all_nodes(driver.document().rootNode())]
