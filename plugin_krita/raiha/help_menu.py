"""Help in the dialog: the manual, the log, a report of a problem, and what this is."""

from __future__ import annotations

import functools
from pathlib import Path

from krita import Krita

from .client import raiha_texts as texts
from .client.errors import LayerError
from .client.raiha_client import start_log
from .client.raiha_plugin import daemon_record, report_command
from .messages import MANUAL, show_error, show_words
from .qt import QtCore, QtGui, QtWidgets

REPORT = "raiha-report.zip"


class HelpButton(QtWidgets.QToolButton):
    """A button with a menu.

    Attributes:
        log: path of the daemon's log, once a daemon is connected.
    """

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.log: str | None = None
        self._report: QtCore.QProcess | None = None
        self.setText(texts.HELP)
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QtWidgets.QMenu(self)
        for words, slot in (
            (texts.HELP_MANUAL, functools.partial(_open, MANUAL)),
            (texts.LOG_OPEN, self._open_log),
            (texts.REPORT, self._collect_report),
            (texts.ABOUT, self._about),
        ):
            menu.addAction(words).triggered.connect(lambda *_, slot=slot: slot())
        self.setMenu(menu)

    def _open_log(self) -> None:
        log = Path(self.log) if self.log else start_log()
        if log.exists():
            _open(log)
        else:
            show_error(LayerError(texts.LOG_MISSING), self.window())

    def _about(self) -> None:
        version = str(daemon_record().get("version", ""))
        editor = f"Krita {Krita.instance().version()}"
        show_words(texts.ABOUT_TEXT.format(version=version, editor=editor), self.window())

    def _collect_report(self) -> None:
        """Run `raiha doctor --bundle` and show where its report is."""
        command = report_command(daemon_record(), _report_file())
        if command is None or self._report is not None:
            return
        self._report = QtCore.QProcess(self)
        self._report.finished.connect(lambda status, *_: self._reported(status, command[-1]))
        self._report.errorOccurred.connect(lambda *_: self._reported(-1, command[-1]))
        self.setText(texts.REPORT_RUNNING)
        self._report.start(command[0], command[1:])

    def _reported(self, status: int, file: str) -> None:
        process, self._report = self._report, None
        if process is None:
            return
        self.setText(texts.HELP)
        if status == 0 and Path(file).exists():
            show_words(texts.REPORT_DONE.format(path=file), self.window())
            return
        lines = bytes(process.readAllStandardError()).decode("utf-8", "replace").strip().splitlines()
        show_error(LayerError(texts.REPORT_FAILED, why=lines[-1] if lines else process.errorString()), self.window())


def _report_file() -> str:
    places = QtCore.QStandardPaths
    folder = places.writableLocation(places.StandardLocation.DocumentsLocation) or str(Path.home())
    return str(Path(folder if Path(folder).is_dir() else Path.home()) / REPORT)


def _open(path: Path) -> None:
    QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path)))
