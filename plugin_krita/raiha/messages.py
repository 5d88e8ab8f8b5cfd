"""Messages to the user: errors with a remedy and the log's path, and what was done."""

from __future__ import annotations

import html
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .client import raiha_texts as texts
from .client.connection_file import private_folder
from .client.errors import ClientError, LayerError
from .client.raiha_client import start_log
from .document import WrongLayerError
from .qt import Qt, QtGui, QtWidgets

if TYPE_CHECKING:
    from krita import View

MANUAL = Path(__file__).with_name("Manual.html")
INSTALLATION_CODES = ("no-daemon", "cannot-start", "not-started", "other-version")
SECONDS_SHOWN = 6


def error_message(error: BaseException) -> tuple[str, str, str | None]:
    """Return an error's sentence, its remedy and the path of the log that explains it, if there is one."""
    if isinstance(error, LayerError):
        return error.sentence, error.remedy, None
    if isinstance(error, ClientError):
        return error.sentence, error.remedy, error.log_path or str(start_log())
    sentence, remedy = texts.UNEXPECTED
    return sentence, remedy, _reported(error)


def _reported(error: BaseException) -> str | None:
    """Write an unexpected error's traceback to a file of its own; return its path, or None if that fails."""
    try:
        report = private_folder(start_log().parent) / "raiha-krita.log"
        report.write_text("".join(traceback.format_exception(type(error), error, error.__traceback__)), "utf-8")
    except (ClientError, OSError):
        return None
    return str(report)


def show_error(error: BaseException, parent: QtWidgets.QWidget) -> QtWidgets.QMessageBox:
    """Show an error without waiting for the user."""
    sentence, remedy, log = error_message(error)
    box = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Warning, texts.TITLE, sentence, parent=parent)
    box.setObjectName("raiha_error")
    box.setTextFormat(Qt.TextFormat.PlainText)
    lines = [html.escape(remedy)]
    if log:
        lines.append(html.escape(texts.LOG_LINE.format(log=log)))
    if getattr(error, "code", "") in INSTALLATION_CODES:
        lines.append(f'<a href="{MANUAL.as_uri()}">{html.escape(texts.HELP_LINK)}</a>')
    box.setInformativeText("<br><br>".join(lines))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def offer_layer_above(
    error: WrongLayerError, parent: QtWidgets.QWidget, accept: Callable[[], None], decline: Callable[[], None]
) -> QtWidgets.QMessageBox:
    """Ask whether the layer above is meant, without waiting for the user, and call what was chosen."""
    box = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Question, texts.TITLE, error.question, parent=parent)
    box.setObjectName("raiha_question")
    box.setTextFormat(Qt.TextFormat.PlainText)
    role = QtWidgets.QMessageBox.ButtonRole
    other = box.addButton(texts.LAYER_ABOVE_YES.format(above=error.above.name()), role.AcceptRole)
    box.addButton(texts.CANCEL, role.RejectRole)
    box.setDefaultButton(other)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.finished.connect(lambda _: accept() if box.clickedButton() is other else decline())
    box.open()
    return box


def show_words(words: str, parent: QtWidgets.QWidget) -> QtWidgets.QMessageBox:
    """Show a few sentences without waiting for the user."""
    box = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Information, texts.TITLE, words, parent=parent)
    box.setObjectName("raiha_words")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.addButton(texts.CLOSE, QtWidgets.QMessageBox.ButtonRole.AcceptRole)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def show_message(view: View, words: str) -> None:
    """Show a message over the picture for a few seconds."""
    view.showFloatingMessage(words, QtGui.QIcon(), SECONDS_SHOWN * 1000, 1)
