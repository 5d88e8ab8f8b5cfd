"""A real GIMP in its chroot, with the plug-in in place, that does what a test asks over a socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from backend.plugin_installer import gimp as installer

INSIDE = Path(__file__).with_name("inside")
WORK = "tmp/raiha-editor-tests"
EDITORS = Path(os.environ.get("RAIHA_EDITORS_DIR", "/var/cache/raiha-editors"))
SETTINGS = "(show-welcome-dialog no)\n(check-updates no)\n"
SERVE = "--batch-interpreter=python-fu-eval"


class Gimp:
    """A running GIMP. ``gimp.do("state")`` calls the function of that name in ``inside/actions.py``."""

    def __init__(self, lines: TextIO, process: subprocess.Popen[bytes]) -> None:
        self._lines = lines
        self.process = process

    def do(self, action: str, **arguments: Any) -> Any:
        """Call an action and return its value."""
        self.begin(action, **arguments)
        return self.end()

    def begin(self, action: str, **arguments: Any) -> None:
        """Call an action without waiting for it."""
        self._lines.write(json.dumps({"do": action, "with": arguments}) + "\n")
        self._lines.flush()

    def end(self) -> Any:
        """Wait for the action that was begun and return its value."""
        answer = json.loads(self._lines.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]


@dataclass(frozen=True)
class GimpProgram:
    """An installed GIMP.

    Attributes:
        version: "3.0" or "3.2".
        root: the root folder it sees.
    """

    version: str
    root: Path

    @property
    def work(self) -> Path:
        """A folder that GIMP and the tests see."""
        return self.root / WORK / f"gimp-{self.version}"

    @property
    def home(self) -> Path:
        """GIMP's home folder; it stays, because a first start takes long."""
        return self.work / "home"

    @property
    def plugin(self) -> Path:
        """The installed plug-in."""
        return self.home / ".config" / "GIMP" / self.version / "plug-ins" / installer.PLUGIN

    def inside(self, path: Path) -> str:
        """Return a path as GIMP sees it."""
        return "/" + str(path.relative_to(self.root))

    def install_plugin(self) -> None:
        """Put the plug-in and the settings of a GIMP that asks nothing in place."""
        settings = self.plugin.parents[1]
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "gimprc").write_text(SETTINGS, "utf-8")
        installer.install(self.home)
        # The daemon of the tests lives outside: this GIMP cannot start one.
        (self.plugin / "raiha_daemon.json").unlink()
        shutil.rmtree(self.work / "inside", ignore_errors=True)
        shutil.copytree(INSIDE, self.work / "inside")

    def folder(self, name: str) -> Path:
        """Return an empty folder that GIMP sees, too."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700, parents=True)
        return path

    @contextmanager
    def running(self, folder: Path, runtime: Path, display: int | None = None) -> Iterator[Gimp]:
        """Run GIMP until the end of the block; with a window when there is a display."""
        with socket.create_server(("127.0.0.1", 0)) as server, (folder / "gimp.log").open("wb") as log:
            variables = self._variables(folder, runtime, server.getsockname()[1], display)
            program = [f"gimp-console-{self.version}", "-i"] if display is None else [f"gimp-{self.version}"]
            script = f"exec(open('{self.inside(self.work / 'inside' / 'answering.py')}').read())"
            command = ["/usr/sbin/chroot", str(self.root), *program, "--new-instance", "--no-splash", SERVE]
            process = subprocess.Popen(
                [*command, "-b", script, "--quit"] if display is None else [*command, "-b", script],
                env=variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                link, _ = server.accept()
                with link, link.makefile("rw", encoding="utf-8") as lines:
                    yield Gimp(lines, process)
            finally:
                if display is not None:
                    process.terminate()
                process.wait()

    def _variables(self, folder: Path, runtime: Path, port: int, display: int | None) -> Mapping[str, str]:
        screen = {} if display is None else {"DISPLAY": f":{display}"}
        session = self.work / "session"
        session.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin",
            "HOME": self.inside(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.inside(session),
            "RAIHA_RUNTIME_DIR": self.inside(runtime),
            "RAIHA_TEST_FOLDER": self.inside(folder),
            "RAIHA_TEST_INSIDE": self.inside(self.work / "inside"),
            "RAIHA_TEST_PLUGIN": self.inside(self.plugin),
            "RAIHA_TEST_PORT": str(port),
            **screen,
        }
