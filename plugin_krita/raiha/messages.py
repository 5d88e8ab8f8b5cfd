"""What is said to the user: errors with what to do and where the log is, and what was done."""

from __future__ import annotations

import html
import traceback
from pathlib import Path
from typing import Any

from . import raiha_texts as texts
from .errors import LayerError
from .qt import QIcon, QMessageBox, Qt, QWidget
from .raiha_client import ClientError, start_log

MANUAL = Path(__file__).with_name("Manual.html")
INSTALLATION_CODES = ("no-daemon", "cannot-start", "not-started", "other-version")
SECONDS_SHOWN = 6


def error_message(error: BaseException) -> tuple[str, str, str | None]:
    """Return what an error says: the sentence, what to do, and the log's path."""
    if isinstance(error, ClientError):
        return error.sentence, error.remedy, error.log_path or str(start_log())
    if isinstance(error, LayerError):
        return error.sentence, error.remedy, None
    report = start_log().with_name("raiha-krita.log")
    report.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    report.write_text("".join(traceback.format_exception(type(error), error, error.__traceback__)), "utf-8")
    return (*texts.UNEXPECTED, str(report))


def show_error(error: BaseException, parent: QWidget) -> QMessageBox:
    """Show an error without holding anything up."""
    sentence, remedy, log = error_message(error)
    box = QMessageBox(QMessageBox.Icon.Warning, texts.TITLE, sentence, parent=parent)
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


def say(view: Any, words: str) -> None:
    """Show a passing message over the picture."""
    view.showFloatingMessage(words, QIcon(), SECONDS_SHOWN * 1000, 1)
