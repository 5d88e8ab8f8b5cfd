"""Whether a daemon is running, by the lock that it holds: a process id or a port may belong to another program now."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOCK_FILE = "raiha-daemon.lock"


def holds_lock(folder: Path) -> bool | None:
    """Whether some daemon holds the lock of a runtime folder; None if there is no lock, or it cannot be tried."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR)
    except OSError:
        return None
    try:
        _try_lock(descriptor)
        return False
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(descriptor)  # gives the lock back at once


def _try_lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
