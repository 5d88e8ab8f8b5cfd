"""A job that is cancelled, and one whose daemon is killed: the daemon never answers by itself."""

import json
import os
import signal
from pathlib import Path

from raiha_testdriver import driver
from raiha_testdriver.driver import document, menu_entry, results


def daemon_pid():
    """Return the daemon's process number from its connection file."""
    path = Path(os.environ["RAIHA_RUNTIME_DIR"]) / "raiha-daemon.json"
    return json.loads(path.read_text())["pid"]


def begin_job():
    """Choose Harmonize Again and wait until the daemon is at work."""
    menu_entry("Harmonize Again").trigger()
    yield lambda: driver.shown("raiha_progress") is not None
    words = driver.shown("raiha_progress").progress.words
    yield lambda: words.text() == "Harmonizing"
    yield 0.2


def ended(before):
    """Return what is to be seen after the end."""
    return {
        "said": driver.error_text(),
        "unchanged": driver.snapshot() == before,
        "modified": document().modified(),
    }


def cancel_in_dialog(before):
    """Close the dialog with Escape while its preview is on its way."""
    menu_entry("Harmonize...").trigger()
    yield lambda: driver.shown("raiha_dialog") is not None
    words = driver.shown("raiha_dialog").progress.words
    yield lambda: words.text() == "Harmonizing"
    driver.shown("raiha_dialog").reject()
    yield lambda: driver.shown("raiha_dialog") is None
    results["dialog-cancelled"] = ended(before)


def scenario():
    """Cancel in the dialog, cancel a run without one, then kill the daemon in the middle of a job."""
    before = driver.snapshot()
    yield from cancel_in_dialog(before)
    yield from begin_job()
    driver.screenshot("progress")
    driver.shown("raiha_progress").reject()
    yield lambda: driver.shown("raiha_progress") is None
    results["cancelled"] = ended(before)
    yield from begin_job()
    os.kill(daemon_pid(), signal.SIGKILL)
    yield lambda: driver.shown("raiha_progress") is None
    yield lambda: driver.shown("raiha_error") is not None
    driver.screenshot("error")
    results["killed"] = ended(before)
