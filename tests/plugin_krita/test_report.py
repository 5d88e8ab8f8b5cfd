"""The command that collects a report, from what the installation recorded."""

from __future__ import annotations

from raiha.backend.plugin_installer.shared import THIS_INSTALLATION


def test_report_is_collected_by_the_daemon_s_own_python() -> None:
    from krita_raiha.client.raiha_plugin import report_command

    command = report_command({"command": list(THIS_INSTALLATION)}, "/home/me/report.zip")
    assert command is not None and command[1:] == [
        *("-m", "raiha.backend.commands.main"),
        *("doctor", "--bundle", "/home/me/report.zip"),
    ]
    assert report_command({}, "/home/me/report.zip") is None
    assert report_command({"command": ["raiha-serve"]}, "/home/me/report.zip") is None
