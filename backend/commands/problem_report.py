"""The zip that `raiha doctor --bundle` writes: what explains a problem, without what is personal."""

from __future__ import annotations

import contextlib
import getpass
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from raiha.backend.client.raiha_client import Client, ClientError, start_log
from raiha.backend.commands.own_zip import require_own_zip
from raiha.backend.daemon.log import log_path, without_paths
from raiha.backend.daemon.settings import read_settings

REPORT = "report.txt"
_LAST_LINES = 500
_SHORTEST_SUBSTRING = 4
"""Letters of a user name that is replaced inside of words, too; a shorter one occurs in too many."""

_PHOTO = re.compile(r"(?:~|[A-Za-z]:)?[/\\][^'\"\n]*\.(?:jpe?g|png|tiff?|webp|hei[cf]|avif|ora|kra|xcf|psd)\b", re.I)
"""A path that may hold blanks, up to the suffix of a picture."""


def write_report(path: Path, findings: str) -> None:
    """Write the report as a zip: what `raiha doctor` found, settings, daemon and the ends of both logs.

    Raises:
        RaihaError: ``would-overwrite``, another file is there.
        OSError: it cannot be written.
    """
    require_own_zip(path, [REPORT], "a report of Raiha", "--bundle")
    sections = {"Findings": findings, "Settings": _collected(_settings), "Daemon": _collected(_daemon)}
    texts = {
        REPORT: "\n".join(f"{title}\n\n{text}\n" for title, text in sections.items()),
        "daemon.log": _collected(lambda: _end_of(log_path())),
        "daemon-start.log": _collected(lambda: _end_of(start_log())),
    }
    content = io.BytesIO()  # so that a full disk leaves no half of a zip
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            shared = without_personal_names(text, _user_names())
            archive.writestr(name, shared.encode("utf-8", "replace"))  # a file name may not be UTF-8
    path.write_bytes(content.getvalue())


def without_personal_names(text: str, names: set[str]) -> str:
    """Return a text without names of files and folders, and without the user's ``names`` in any case of letters."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    text = without_paths(_PHOTO.sub("<path>", text))
    for name in sorted(names, key=len, reverse=True):
        word = re.escape(name)
        pattern = word if len(name) >= _SHORTEST_SUBSTRING else rf"(?<![^\W_]){word}(?![^\W_])"
        text = re.sub(pattern, "<user>", text, flags=re.IGNORECASE)
    return text


def _user_names() -> set[str]:
    names = {Path.home().name}
    with contextlib.suppress(OSError, KeyError, ImportError):  # a container may have no entry for its user
        names.add(getpass.getuser())
    return names - {""}


def _collected(collect: Callable[[], str]) -> str:
    try:
        return collect()
    except Exception as error:  # the rest of the report is worth sending without this part
        return f"{type(error).__name__}: {error}"


def _settings() -> str:
    return "\n".join(f"{name}: {value}" for name, value in asdict(read_settings({})).items())


def _daemon() -> str:
    try:
        with Client.connect(name="raiha doctor") as client:
            return "\n".join(f"{name}: {value}" for name, value in client.status().items())
    except ClientError as error:
        return f"{error.code}: {error.sentence}"


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:])
