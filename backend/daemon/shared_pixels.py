"""Pixels in memory that the daemon and its worker process both map, so that none go through a pipe."""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from raiha.backend.colour.pixels import Pixels

_PREFIX = "raiha-pixels-"
_MEMORY_FOLDER = Path("/dev/shm")


@dataclass(frozen=True)
class SharedPixels:
    """Where pixels are.

    Attributes:
        place: of the file that is mapped; on Windows the name of a mapping without a file.
        shape: (height, width) or (height, width, channels).
        dtype: name of the NumPy type.
    """

    place: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Bytes."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def open(self) -> Pixels:
        """Return the pixels, which both processes can write; they stay mapped as long as the array lives."""
        if sys.platform == "win32":
            mapped = mmap.mmap(-1, self.size, tagname=self.place)
        else:
            descriptor = os.open(self.place, os.O_RDWR)
            try:
                mapped = mmap.mmap(descriptor, self.size)
            finally:
                os.close(descriptor)
        return np.frombuffer(mapped, self.dtype).reshape(self.shape)


@contextlib.contextmanager
def shared(pixels: Pixels) -> Iterator[tuple[SharedPixels, Pixels]]:
    """Copy pixels into shared memory, and yield where they are and the copy; arrays of it outlive the block.

    Raises:
        MemoryError: there is no room for them.
    """
    place = SharedPixels(_reserve(pixels.nbytes), pixels.shape, pixels.dtype.name)
    try:
        copy = place.open()
        np.copyto(copy, pixels)
        yield place, copy
    finally:
        if sys.platform != "win32":
            Path(place.place).unlink(missing_ok=True)


def remove_leftovers() -> None:
    """Remove the files that daemons left behind when they were killed."""
    for folder in {_MEMORY_FOLDER, Path(tempfile.gettempdir())}:
        for file in folder.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError, ValueError):
                if not psutil.pid_exists(int(file.name.removeprefix(_PREFIX).partition("-")[0])):
                    file.unlink()


def _reserve(size: int) -> str:
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
    if sys.platform == "win32":
        return name
    try:
        return _reserve_in(_MEMORY_FOLDER, name, size)
    except OSError:  # none on macOS; in a container it may hold 64 MB
        pass
    try:
        return _reserve_in(Path(tempfile.gettempdir()), name, size)
    except OSError as error:
        raise MemoryError(f"no room for {size} bytes of pixels") from error


def _reserve_in(folder: Path, name: str, size: int) -> str:
    """Make a file of this size for this user only. Its room is taken now: what is missing later would kill us."""
    path = folder / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(descriptor)
    return str(path)
