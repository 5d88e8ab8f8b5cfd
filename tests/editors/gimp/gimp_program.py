"""A real GIMP in its chroot, with the plug-in in place, that does what a test asks over a socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiting import PATIENCE, wait_until

from raiha.backend.plugin_installer import gimp as installer

INSIDE = Path(__file__).with_name("inside")
WORK = "tmp/raiha-editor-tests"
EDITORS = Path(os.environ.get("RAIHA_EDITORS_DIR", "/var/cache/raiha-editors"))
SETTINGS = "(show-welcome-dialog no)\n(check-updates no)\n"
CHROOT = "/usr/sbin/chroot"
ENDING = 20.0
SERVE = "--batch-interpreter=python-fu-eval"


class Answering:
    """A program in the chroot that does what a test asks: ``do("state")`` calls that function of its module."""

    def __init__(self, link: socket.socket, process: subprocess.Popen[bytes]) -> None:
        link.settimeout(PATIENCE)
        self._lines = link.makefile("rw", encoding="utf-8")
        self._asked = ""
        self.process = process

    def do(self, action: str, **arguments: Any) -> Any:
        """Call an action and return its value."""
        self.begin(action, **arguments)
        return self.end()

    def begin(self, action: str, **arguments: Any) -> None:
        """Call an action without waiting for it."""
        self._asked = action
        self._lines.write(json.dumps({"do": action, "with": arguments}) + "\n")
        self._lines.flush()

    def end(self) -> Any:
        """Wait for the action that was begun and return its value."""
        try:
            line = self._lines.readline()
        except OSError as error:
            raise TimeoutError(f"no answer to {self._asked!r} in {PATIENCE:.0f} s") from error
        if not line:
            raise AssertionError(f"the program ended while it did {self._asked!r}: {self.process.poll()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]


class Gimp(Answering):
    """A running GIMP; the actions are those of ``inside/actions.py``."""


class Hands(Answering):
    """What sees and works the widgets of the windows; the actions are those of ``inside/hands.py``."""


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

    def plugin_processes(self) -> list[int]:
        """Return the processes of this GIMP that run the plug-in."""
        script = self.inside(self.plugin / "harmonize.py").encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if script in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def folder(self, name: str) -> Path:
        """Return an empty folder that GIMP sees, too."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700, parents=True)
        return path

    @contextmanager
    def running(self, folder: Path, runtime: Path, display: int | None = None) -> Iterator[Gimp]:
        """Run GIMP until the end of the block; with a window when there is a display, in its own session."""
        program = [f"gimp-console-{self.version}", "-i"] if display is None else [f"gimp-{self.version}"]
        program += ["--new-instance", "--no-splash", SERVE, "-b", f"exec(open('{self._answering}').read())"]
        if display is None:
            program.append("--quit")
        variables = self._variables(folder, runtime, display)
        with self._program(program, folder / "gimp.log", {**variables, "RAIHA_TEST_ACTIONS": "actions"}) as asked:
            try:
                yield Gimp(*asked)
            finally:
                if display is not None:
                    asked[1].terminate()

    @contextmanager
    def hands(self, folder: Path, display: int) -> Iterator[Hands]:
        """Run what works the widgets, until the end of the block; GIMP's session has to be there."""
        variables = {**self._variables(folder, folder, display), "RAIHA_TEST_ACTIONS": "hands"}
        with self._program(["python3", self._answering], folder / "hands.log", variables) as asked:
            yield Hands(*asked)

    @contextmanager
    def session(self, folder: Path) -> Iterator[None]:
        """Run a session's message bus, over which programs tell what is in their windows, until the end."""
        (self.root / self._bus[1:]).unlink(missing_ok=True)
        command = ["dbus-daemon", "--session", "--nofork", f"--address=unix:path={self._bus}", "--print-address"]
        with (folder / "bus.log").open("wb") as log:
            bus = subprocess.Popen(
                [CHROOT, str(self.root), *command],
                env=self._variables(folder, folder, None),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            assert bus.stdout is not None
            if not bus.stdout.readline():
                raise AssertionError(f"no message bus: {(folder / 'bus.log').read_text()}")
            yield
        finally:
            bus.terminate()
            _end(bus)

    @contextmanager
    def _program(
        self, program: list[str], log: Path, variables: Mapping[str, str]
    ) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
        with socket.create_server(("127.0.0.1", 0)) as server, log.open("wb") as words:
            process = subprocess.Popen(
                [CHROOT, str(self.root), *program],
                env={**variables, "RAIHA_TEST_PORT": str(server.getsockname()[1])},
                stdout=words,
                stderr=subprocess.STDOUT,
            )
            try:
                with _first_caller(server, process, log) as link:
                    try:
                        yield link, process
                    finally:
                        with suppress(OSError):
                            link.shutdown(socket.SHUT_RDWR)
            finally:
                _end(process)

    @property
    def _answering(self) -> str:
        return self.inside(self.work / "inside" / "answering.py")

    @property
    def _bus(self) -> str:
        return self.inside(self.work / "session" / "bus")

    def _variables(self, folder: Path, runtime: Path, display: int | None) -> Mapping[str, str]:
        session = self.work / "session"
        session.mkdir(mode=0o700, parents=True, exist_ok=True)
        screen = {}
        if display is not None:
            screen = {"DISPLAY": f":{display}", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self._bus}"}
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin",
            "HOME": self.inside(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.inside(session),
            # A sandbox of its own, in which newer GTKs read their icons, cannot be made inside of a chroot.
            "GLYCIN_DISABLE_SANDBOX": "i-know-the-risks",
            "RAIHA_RUNTIME_DIR": self.inside(runtime),
            "RAIHA_TEST_FOLDER": self.inside(folder),
            "RAIHA_TEST_INSIDE": self.inside(self.work / "inside"),
            "RAIHA_TEST_PLUGIN": self.inside(self.plugin),
            **screen,
        }


def _first_caller(server: socket.socket, process: subprocess.Popen[bytes], log: Path) -> socket.socket:
    server.settimeout(1.0)

    def accepted() -> socket.socket | None:
        if process.poll() is not None:
            raise AssertionError(f"it ended at once ({process.returncode}): {log.read_text(errors='replace')[-2000:]}")
        with suppress(TimeoutError):
            return server.accept()[0]
        return None

    return wait_until(accepted, f"{process.args} to start")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a program to end by itself, a moment; then end it."""
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
