"""Writing a file whole or not at all, without harm to what was there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Yield a name to write to, in a folder beside ``path``; at the end the file takes its place at once.

    A link stays and what it leads to is replaced; the new file has the old one's mode and, where the system allows it,
    its owner. A reader sees the old file or the new one, never a part; when the block raises, the old one stays.

    Raises:
        RaihaError: as ``require_replaceable``.
        OSError: the folder or the old file cannot be written to, or the disk is full.
    """
    require_replaceable(path)
    target = path.resolve()
    with tempfile.TemporaryDirectory(prefix=".raiha-", dir=target.parent) as folder:
        whole = Path(folder) / target.name
        yield whole
        _take_mode_and_owner(whole, target)
        _flush(whole)
        whole.replace(target)


def require_replaceable(path: Path) -> None:
    """Check that a file can be written at ``path``: nothing is there, or a plain file that may be changed.

    Raises:
        RaihaError: ``not-a-file``: a folder, a device or a pipe is there.
        OSError: the old file is read-only.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise RaihaError("not-a-file", f"{path} is no file that could be replaced.", "Choose another name.")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only", str(path))


def _take_mode_and_owner(whole: Path, target: Path) -> None:
    if target.exists():
        old = target.stat()
        whole.chmod(stat.S_IMODE(old.st_mode))
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(whole, old.st_uid, old.st_gid)


def _flush(whole: Path) -> None:
    """Have the system write it now: some file systems tell only then that they are full."""
    with whole.open("rb+") as file:
        os.fsync(file.fileno())
