"""A real Krita under a virtual screen: Debian 12's directly, Debian 13's in a chroot."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raiha.backend.plugin_installer import krita as installer

INSIDE = Path(__file__).with_name("inside")
LOG = "krita.log"
WORK = "tmp/raiha-editor-tests"
EDITORS = Path(os.environ.get("RAIHA_EDITORS_DIR", "/var/cache/raiha-editors"))
ROOTS = {"krita-5.1": Path("/"), "krita-5.2": EDITORS / "trixie", "krita-5.3": EDITORS / "forky"}
"""The root folder of every Krita."""
SCENARIO_S = 900.0
"""A Krita that is not done by then hangs, with its event loop: the waits of a scenario end earlier."""
WANTED = os.environ.get("RAIHA_TEST_KRITA", "krita-5.1,krita-5.2").split(",")


@dataclass(frozen=True)
class KritaProgram:
    """One Krita.

    Attributes:
        name: what the tests call it.
        root: the root folder it sees.
        display: the virtual screen's number.
    """

    name: str
    root: Path
    display: int

    @property
    def work(self) -> Path:
        """A folder that Krita and the tests see, ``/tmp/raiha-editor-tests`` inside."""
        return self.root / WORK

    @property
    def home(self) -> Path:
        """Krita's home folder; it stays, because a first start takes long."""
        return self.work / f"home-{self.name}"

    def shared_folder(self, name: str) -> Path:
        """Return a new, empty folder of the same path for Krita and for a daemon outside; see :meth:`share`."""
        folder = Path("/") / WORK / name
        for place in {folder, self.work / name}:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        return folder

    def share(self, folder: Path) -> None:
        """Let Krita see what lies in a shared folder now."""
        if self.root != Path("/"):
            shutil.copytree(folder, self.work / folder.name, dirs_exist_ok=True)

    def inside(self, path: Path) -> str:
        """Return a path as Krita sees it."""
        return "/" + str(path.relative_to(self.root))

    def install_plugin(self, record: dict[str, object] | None = None) -> None:
        """Put the plug-in and the test driver in place; ``record`` replaces how the daemon is started."""
        self.home.mkdir(parents=True, exist_ok=True)
        installer.install(self.home)
        folders = installer.installations(self.home)[0]
        install_driver(folders)
        if record is not None:
            recorded = folders.resources / "pykrita" / "raiha" / "raiha_daemon.json"
            recorded.write_text(json.dumps(record), "utf-8")

    def run(
        self, scenario: str, documents: list[Path], runtime: Path, name: str, **variables: str
    ) -> tuple[dict[str, Any], Path]:
        """Run a scenario of ``inside/`` with documents and more environment variables.

        A Krita that dies by a signal is started once more, with a warning that holds what it said: one did so, once
        in many runs.

        Returns:
            Its results and the folder of its files.
        """
        ended, out = self._run_once(scenario, documents, runtime, name, variables)
        if ended < 0:
            died = signal.Signals(-ended).name
            warnings.warn(f"{self.name} died by {died} in {name}, once more:\n{_last_words(out)}", stacklevel=2)
            ended, out = self._run_once(scenario, documents, runtime, name, variables)
        if ended:
            raise AssertionError(f"{self.name} ended with {ended} in {name}:\n{_last_words(out)}")
        return json.loads((out / "results.json").read_text("utf-8")), out

    def _run_once(
        self, scenario: str, documents: list[Path], runtime: Path, name: str, variables: dict[str, str]
    ) -> tuple[int, Path]:
        """Return Krita's exit status, negative for a signal, and the folder of its files."""
        out = self.work / f"out-{self.name}" / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        self._forget_last_options()
        script = out / f"{scenario}.py"
        shutil.copy(INSIDE / script.name, script)
        inside_documents = []
        for document in documents:
            shutil.copy(document, out / document.name)
            inside_documents.append(self.inside(out / document.name))
        environment = {**self._variables(out, script, runtime), **variables}
        command = ["krita", "--nosplash", *inside_documents]
        if self.root != Path("/"):
            command = ["/usr/sbin/chroot", str(self.root), *command]
        with (out / LOG).open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            try:
                return process.wait(SCENARIO_S), out
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)  # The test driver then writes where it is.
                process.wait()
        raise AssertionError(f"{self.name} hangs in {name}:\n{_last_words(out)}")

    def _forget_last_options(self) -> None:
        settings = self.home / ".config" / "kritarc"
        text = re.sub(r"^\[raiha\]\n(?:[^\[\n].*\n|\n)*", "", settings.read_text("utf-8"), flags=re.MULTILINE)
        settings.write_text(text, "utf-8")

    def _variables(self, out: Path, script: Path, runtime: Path) -> dict[str, str]:
        session = self.work / "session"
        session.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "HOME": self.inside(self.home),
            "TMPDIR": self.inside(self.home),  # Kritas that share it are a single program.
            "DISPLAY": f":{self.display}",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.inside(session),
            "RAIHA_RUNTIME_DIR": self.inside(runtime),
            "RAIHA_TEST_SCRIPT": self.inside(script),
            "RAIHA_TEST_OUT": self.inside(out),
        }


def _last_words(out: Path) -> str:
    """Return the end of what a Krita wrote."""
    return (out / LOG).read_text("utf-8", "replace")[-6000:]


def install_driver(folders: installer.KritaFolders) -> None:
    """Put the test driver into a Krita's folders and enable it."""
    pykrita = folders.resources / "pykrita"
    pykrita.mkdir(parents=True, exist_ok=True)
    for path in INSIDE.glob("raiha_testdriver*"):
        shutil.copytree(path, pykrita / path.name, dirs_exist_ok=True) if path.is_dir() else shutil.copy(path, pykrita)
    settings = folders.settings
    settings.parent.mkdir(parents=True, exist_ok=True)
    text = settings.read_text("utf-8") if settings.exists() else "[python]\n"
    text = text.replace("enable_raiha_testdriver=true\n", "")
    settings.write_text(text.replace("[python]\n", "[python]\nenable_raiha_testdriver=true\n"), "utf-8")


@contextmanager
def virtual_screen() -> Iterator[int]:
    """Run an X server without a screen; its number. Programs in a chroot reach it by its abstract socket."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1280x860x24",
        "-nolisten",
        "tcp",
        "-dpi",
        "96",
        "-noreset",
    ]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            yield int(numbers.readline())
    finally:
        server.terminate()
        server.wait()
