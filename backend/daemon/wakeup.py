"""Waking a poller from another thread or from a signal handler."""

from __future__ import annotations

import contextlib
import socket


class Wakeup:
    """A socket pair: ``notify`` from anywhere makes ``fileno`` readable. Works with select on Windows, too."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._reader.fileno()

    def notify(self) -> None:
        """Wake the poller; never blocks."""
        # Full: the poller has been woken already. Closed: nobody polls any more.
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def drain(self) -> None:
        """Discard all notifications so far."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Close both ends."""
        self._reader.close()
        self._writer.close()
