"""Starting the daemon with the user's session: a systemd user unit, or a launch agent on macOS."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError

COMMAND = (sys.executable, "-m", "raiha.backend.commands.main", "serve")
LABEL = "org.raiha.daemon"

_UNIT = """\
[Unit]
Description=Raiha daemon, which harmonizes layers for Krita and GIMP

[Service]
ExecStart={command}
Restart=on-failure
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_UNIX
UMask=0077

[Install]
WantedBy=default.target
"""


def install() -> tuple[Path, str]:
    """Make the session start the daemon from now on, and start it.

    Returns:
        The file that was written, and a sentence about what that does and how it is undone.

    Raises:
        RaihaError: ``no-autostart`` on systems that have neither, ``autostart-refused`` when they refuse the file.
    """
    if sys.platform == "darwin":
        file = _written(Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist", launch_agent())
        _run(["launchctl", "bootstrap", f"gui/{os.getuid()}", str(file)])
        undo = f"launchctl bootout gui/{os.getuid()}/{LABEL}"
    elif sys.platform == "linux" and shutil.which("systemctl"):
        file = _written(_unit_folder() / "raiha.service", systemd_unit())
        _run(["systemctl", "--user", "daemon-reload"])
        _run(["systemctl", "--user", "enable", "--now", "raiha.service"])
        undo = "systemctl --user disable --now raiha.service"
    else:
        raise RaihaError(
            "no-autostart",
            "This system has neither systemd nor launchd, so Raiha cannot install the daemon there.",
            "There is no need to: the plug-ins start the daemon themselves.",
        )
    return file, f"The daemon starts with your session, as {file} says. To undo it: {undo}"


def systemd_unit() -> bytes:
    """Return the user unit."""
    return _UNIT.format(command=" ".join(_quoted(part) for part in COMMAND)).encode()


def launch_agent() -> bytes:
    """Return the launch agent's property list."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(COMMAND),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Background",
        }
    )


def _quoted(part: str) -> str:
    """Return a word of a unit's command; systemd expands % and $ in it."""
    escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _unit_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _written(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip()
        raise RaihaError(
            "autostart-refused",
            f"{command[0]} could not be made to start the daemon: {reason}.",
            "The plug-ins start the daemon themselves; this is only needed to have it ready sooner.",
        ) from error
