"""Pixels in memory that the daemon and its worker process both map, so that none go through a pipe."""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import sys
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from raiha.backend.colour.gray import gray_to_rgb
from raiha.backend.colour.pixels import Pixels
from raiha.backend.daemon.channel_order import Order, is_blue_first, swap_red_and_blue

_PREFIX = "raiha-pixels-"
_MEMORY_FOLDER = Path("/dev/shm")

_BAND_BYTES = 4 << 20
"""Copied by a thread at a time."""


class _Mapping(mmap.mmap):
    """Memory that another process can map.

    Attributes:
        place: where it is; None in the process that did not make it.
    """

    place: SharedPixels | None = None


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
        return np.frombuffer(self._mapped(), self.dtype).reshape(self.shape)

    def make(self) -> Pixels:
        """Return the pixels as ``open`` does, of a place that goes with the last array that refers to it."""
        mapped = self._mapped()
        mapped.place = self
        weakref.finalize(mapped, self.remove)
        return np.frombuffer(mapped, self.dtype).reshape(self.shape)

    def remove(self) -> None:
        """Remove the file; what is mapped stays."""
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                Path(self.place).unlink()

    def _mapped(self) -> _Mapping:
        if sys.platform == "win32":
            return _Mapping(-1, self.size, tagname=self.place)
        descriptor = os.open(self.place, os.O_RDWR)
        try:
            return _Mapping(descriptor, self.size)
        finally:
            os.close(descriptor)


def share(pixels: Pixels, order: Order = "RGBA") -> Pixels:
    """Return pixels of any order as RGB(A) in memory that the worker process can map.

    Raises:
        MemoryError: there is no room for them.
    """
    if order in ("GRAY", "GRAYA"):
        pixels = gray_to_rgb(pixels)
    place = SharedPixels(_reserve(pixels.nbytes), pixels.shape, pixels.dtype.name)
    try:
        copy = place.make()
    except BaseException:
        place.remove()
        raise
    height = pixels.shape[0]
    rows = max(1, _BAND_BYTES * height // max(1, pixels.nbytes))

    def copy_band(top: int) -> None:
        band = copy[top : top + rows]
        np.copyto(band, pixels[top : top + rows])
        if is_blue_first(order):
            swap_red_and_blue(band)  # while it is in the processor's cache

    if rows >= height:
        copy_band(0)
    else:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(copy_band, range(0, height, rows)))
    return copy


def place_of(pixels: Pixels) -> SharedPixels | None:
    """Return where pixels that ``share`` returned are; None for any others, for parts of them, and once withdrawn."""
    mapping = _mapping_of(pixels)
    place = None if mapping is None else mapping.place
    is_whole = place is not None and (place.shape, place.dtype) == (pixels.shape, pixels.dtype.name)
    return place if is_whole else None


def withdraw(pixels: Pixels) -> None:
    """Make sure that no other process can map these pixels from now on; both may go on using what they have mapped."""
    mapping = _mapping_of(pixels)
    if mapping is not None and mapping.place is not None:
        mapping.place.remove()
        mapping.place = None


def _mapping_of(pixels: Pixels) -> _Mapping | None:
    owner: object = pixels
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, _Mapping) else None


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
