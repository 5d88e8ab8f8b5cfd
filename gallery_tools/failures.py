"""Failures of the machine (disk, memory, database) as the sentences that a user reads."""

from __future__ import annotations

import errno
import re
import sqlite3

from raiha.gallery_tools.errors import RaihaError

_OUT_OF_MEMORY = re.compile(
    r"out of memory|bad_alloc|not enough memory|can(not|'t| not) allocate|(failed|unable) to allocate"
    r"|failed to map segment from shared object(?!: Operation not permitted)|can't start new thread",
    re.IGNORECASE,
)
"""What torch, ONNX Runtime, FAISS, libvips and the dynamic loader write when memory has run out; none of them has an
exception of its own for it everywhere."""

_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
_DISK_FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))


def describe_failure(error: BaseException) -> RaihaError | None:
    """Return the sentence for a failure of disk, memory or database; None for any other, which is a bug."""
    if isinstance(error, RaihaError):
        return error
    if is_out_of_memory(error):
        return RaihaError(
            "out-of-memory",
            "There is not enough memory for this.",
            "Close other programs, or use a smaller picture, and try again.",
        )
    if isinstance(error, sqlite3.Error):
        return _database_failure(error)
    if isinstance(error, OSError):
        return _file_failure(error)
    if isinstance(error, RuntimeError) and re.search("home directory|[Ss]ymlink loop", str(error)):
        # pathlib's own words, for a ~ that leads nowhere and, before Python 3.13, for a link to itself.
        return RaihaError("file-unusable", f"A path leads nowhere: {error}.", "Check the name, and what it links to.")
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, whichever library raised the error."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return isinstance(error, Exception) and _OUT_OF_MEMORY.search(str(error)) is not None


def _file_failure(error: OSError) -> RaihaError:
    name = f"{error.filename}" if error.filename is not None else "A file"
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in _DISK_FULL:
        return disk_full(f" for {name}" if error.filename is not None else "")
    if error.errno in _NO_PERMISSION:
        return RaihaError(
            "no-permission", f"{name} cannot be used: {reason}.", "Give yourself the right to, or name another place."
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return RaihaError(
            "too-many-files", f"{name} cannot be opened: {reason}.", "Close other programs and try again."
        )
    return RaihaError("file-unusable", f"{name} cannot be used: {reason}.", "Check the name and the folder.")


def disk_full(purpose: str = "") -> RaihaError:
    """Return the error for a disk without room; ``purpose`` continues the sentence, as in " for out.png"."""
    return RaihaError("disk-full", f"The disk has no room left{purpose}.", "Make room on it, or name another place.")


def _database_failure(error: sqlite3.Error) -> RaihaError:
    if "full" in str(error):
        return disk_full(" for the gallery")
    return RaihaError(
        "gallery-unavailable",
        f"The gallery's database cannot be used: {error}.",
        "Check that its disk can be written; `raiha gallery verify --repair` mends what is damaged.",
    )
