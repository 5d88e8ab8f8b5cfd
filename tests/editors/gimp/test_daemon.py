"""No daemon, a daemon that is started, a daemon that dies, and a plug-in that is ended in the middle."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from common import Daemon, running_daemon
from gimp_program import Gimp, GimpProgram
from waiting import is_busy, wait_until

from raiha.backend.client import raiha_texts as texts


def harmonize_until_busy(gimp: Gimp, runtime: Path) -> None:
    gimp.begin("harmonize", layers=["object"])
    wait_until(lambda: is_busy(runtime), "the job to begin")


def test_no_daemon_and_none_to_start(gimp: Gimp, elsewhere: Path) -> None:
    before = gimp.do("state")
    answer = gimp.do("harmonize", layers=["object"])
    sentence = "The Raiha daemon is not running. Start it with `raiha serve`."
    assert answer == {"status": "execution-error", "message": sentence}
    assert gimp.do("state") == before
    assert not gimp.do("is_dirty")


def test_a_daemon_is_started_as_it_was_recorded(
    gimp: Gimp, program: GimpProgram, elsewhere: Path, tmp_path: Path
) -> None:
    # GIMP's chroot has no Raiha: what it starts asks this test for the daemon.
    asked = elsewhere / "asked"
    command = ["/bin/sh", "-c", f"touch {program.inside(asked)}; sleep 600"]
    record = {"command": command, "runtime_folder": program.inside(elsewhere)}
    (program.plugin / "raiha_daemon.json").write_text(json.dumps(record))
    gimp.begin("harmonize", layers=["object"])
    wait_until(asked.exists, "the plug-in to start the daemon")
    with running_daemon(elsewhere, tmp_path):
        assert gimp.end()["status"] == "success"


def test_a_daemon_that_dies_in_the_job(gimp: Gimp, elsewhere: Path, held: Daemon) -> None:
    before = gimp.do("state")
    harmonize_until_busy(gimp, elsewhere)
    held.process.kill()
    answer = gimp.end()
    assert answer["status"] == "execution-error"
    assert answer["message"].startswith("The Raiha daemon stopped or closed the connection")
    assert texts.LOG_LINE.partition("{")[0] in answer["message"]
    assert gimp.do("state") == before
    assert not gimp.do("is_dirty")


def test_a_plugin_that_is_ended_leaves_nothing_and_the_daemon_stops_its_job(
    gimp: Gimp, program: GimpProgram, elsewhere: Path, held: Daemon
) -> None:
    """As Cancel in GIMP's status bar ends it."""
    before = gimp.do("state")
    harmonize_until_busy(gimp, elsewhere)
    (plugin,) = program.plugin_processes()
    os.kill(plugin, signal.SIGKILL)
    assert gimp.end()["status"] != "success"
    wait_until(lambda: not is_busy(elsewhere), "the daemon to stop its job")
    assert gimp.do("state") == before
    assert not gimp.do("is_dirty")
