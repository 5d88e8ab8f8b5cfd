"""A folder of photos read into a gallery for a dialog, in a process of its own beside the queue of layers."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from raiha.backend.daemon.jobs import JobKey
from raiha.backend.daemon.protocol import Header, error_header
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure

_LOOK_SECONDS = 0.1
"""Between two looks whether the indexing is still wanted."""


class Indexing:
    """Reads a folder into a gallery; photos that were read stay in it when it is cancelled.

    Args:
        key: who asked, and by which id.
        gallery: its name; made when there is none.
        folder: of photos.
        wake: called from a thread when ``counts`` or ``reply`` has changed.

    Attributes:
        key: as above.
        counts: photos that have been dealt with, and all that are new or changed; (0, 0) while they are looked for.
        reply: header of the last message, once it is done.
    """

    def __init__(self, key: JobKey, gallery: str, folder: Path, wake: Callable[[], None]) -> None:
        self.key = key
        self.counts = (0, 0)
        self.reply: Header | None = None
        self._cancelled = threading.Event()
        self._wake = wake
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=read_folder, args=(theirs, gallery, folder), daemon=True)
        self._process.start()
        theirs.close()
        self._thread = threading.Thread(target=self._follow, name="raiha-indexing", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it; the reply says so."""
        self._cancelled.set()

    def _follow(self) -> None:
        outcome: Header = {"type": "cancelled"}
        try:
            while not self._cancelled.is_set():
                if not self._connection.poll(_LOOK_SECONDS):
                    continue
                kind, content = self._connection.recv()
                if kind == "done":
                    outcome = content
                    break
                self.counts = content
                self._wake()
        except (EOFError, OSError):
            outcome = error_header(self.key[1], _died())
        self._process.terminate()
        self._process.join()
        self._connection.close()
        self.reply = {**outcome, "id": self.key[1]}
        self._wake()

    def progress(self) -> Header:
        """Return the header of a progress message."""
        done, total = self.counts
        fraction = done / total if total else 0.0
        return {
            "type": "progress",
            "id": self.key[1],
            "stage": "photos",
            "fraction": fraction,
            "done": done,
            "total": total,
        }


def read_folder(connection: multiprocessing.connection.Connection[Any, Any], gallery: str, folder: Path) -> None:
    """Read a folder and send counts, then the outcome: the main function of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the daemon, which ends us
    try:
        outcome = _read(gallery, folder, lambda done, total: connection.send(("counts", (done, total))))
    except Exception as error:
        outcome = error_header("", describe_failure(error) or _unexpected(error))
    with suppress(OSError):
        connection.send(("done", outcome))


def _read(gallery: str, folder: Path, show: Callable[[int, int], None]) -> Header:
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.gallery_file import database_path
    from raiha.gallery_tools.indexer import index, require_photos
    from raiha.gallery_tools.store import Gallery

    roots = require_photos([folder])
    extractor = "bundled"
    if database_path(gallery).exists():
        with Gallery(gallery) as existing:
            extractor = existing.extractor
    loaded = load_extractor(extractor)
    with Gallery.create(gallery, loaded.info) as opened:
        report = index(opened, loaded, roots, lambda progress: show(progress.done, progress.total))
    return {
        "type": "index",
        "gallery": gallery,
        "photos": report.photos,
        "added": report.added,
        "skipped": len(report.skipped),
    }


def _died() -> RaihaError:
    return RaihaError(
        "worker-died",
        "The process that reads the photos has died.",
        "The photos read so far are kept. Try again; it goes on where it was.",
    )


def _unexpected(error: Exception) -> RaihaError:
    return RaihaError(
        "unexpected",
        f"The folder could not be read ({type(error).__name__}: {error}).",
        "The photos read so far are kept. Run `raiha doctor`.",
    )
