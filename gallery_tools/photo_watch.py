"""Watching folders, so that an index follows what happens in them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError

QUIET_SECONDS = 2.0
"""Without an event, before a change counts as over: a camera's card is copied in one go."""


@contextmanager
def changes(folders: Sequence[Path]) -> Iterator[Iterator[None]]:
    """Yield turns: one at once, and then one whenever something has changed in the folders or below.

    Raises:
        RaihaError: "watchdog-missing".
    """
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError as error:
        raise RaihaError(
            "watchdog-missing", "Watching folders needs watchdog.", "Install it: pip install 'raiha[watch]'."
        ) from error

    changed = threading.Event()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in ("created", "deleted", "modified", "moved"):
                changed.set()

    observer = Observer()
    for folder in folders:
        observer.schedule(Handler(), str(Path(folder).expanduser().resolve()), recursive=True)
    observer.start()
    try:
        yield _turns(changed)
    finally:
        observer.stop()
        observer.join()


def _turns(changed: threading.Event) -> Iterator[None]:
    yield
    while True:
        changed.wait()
        while changed.is_set():
            changed.clear()
            changed.wait(QUIET_SECONDS)
        yield
