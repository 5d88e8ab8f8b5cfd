"""Reading photos ahead in a few threads, and preparing them for the extractor."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.appearance import hsv_histograms
from raiha.gallery_tools.capture import Capture
from raiha.gallery_tools.exif import read_capture
from raiha.gallery_tools.extractors.extractor import Extractor
from raiha.gallery_tools.photos import UnreadablePhoto, decode_photo, read_file
from raiha.gallery_tools.records import PhotoFile, device_of, time_of_change

_AHEAD_OF_EACH = 8


@dataclass(frozen=True)
class KnownPhoto:
    """A file whose bytes are known already, so that it was not decoded.

    Attributes:
        file: where it is.
        capture: what its EXIF tells.
    """

    file: PhotoFile
    capture: Capture


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready for the extractor.

    Attributes:
        file: where it is.
        pixels: (h, w, 3) uint8 sRGB, at the extractor's input size.
        appearance: (rows, columns, bins) float32 unit length, one histogram for each of the extractor's patches.
        width: upright width of the photo in the file, pixels.
        height: upright height of the photo in the file, pixels.
        capture: what its EXIF tells.
    """

    file: PhotoFile
    pixels: NDArray[np.uint8]
    appearance: NDArray[np.float32]
    width: int
    height: int
    capture: Capture


def read_ahead(
    paths: Iterable[Path], extractor: Extractor, known_digests: Container[bytes], workers: int
) -> Iterator[tuple[Path, KnownPhoto | PreparedPhoto | UnreadablePhoto]]:
    """Read photos, some ahead of the current one.

    Args:
        paths: the photos.
        extractor: gives the input size and the stride; it does not run here.
        known_digests: of files that are not to be decoded again.
        workers: threads that read and decode.

    Yields:
        Each path with its outcome, in the order of the paths.
    """

    def prepare(path: Path) -> KnownPhoto | PreparedPhoto:
        file, data = _read(path)
        if file.digest in known_digests:
            return KnownPhoto(file, read_capture(data))
        return prepared(file, data, extractor)

    for path, future in in_threads(prepare, paths, workers):
        try:
            yield path, future.result()
        except UnreadablePhoto as error:
            yield path, error
        except MemoryError:
            yield path, UnreadablePhoto(path, "needs more memory than there is just now")


def prepared(file: PhotoFile, data: bytes, extractor: Extractor) -> PreparedPhoto:
    """Decode a photo's bytes, resize the photo for the extractor and describe its appearance.

    Raises:
        UnreadablePhoto: the photo is damaged, too small or too large.
    """
    info = extractor.info
    photo = decode_photo(file.path, data, info.input_side)
    pixels = extractor.resize(photo.pixels)
    grid = (pixels.shape[0] // info.stride, pixels.shape[1] // info.stride)
    return PreparedPhoto(file, pixels, hsv_histograms(pixels, grid), photo.width, photo.height, read_capture(data))


def _read(path: Path) -> tuple[PhotoFile, bytes]:
    try:
        # Before reading: a change that comes later will be seen the next time.
        status, folder = path.stat(), path.parent.stat()
    except OSError as error:
        raise UnreadablePhoto(path, f"cannot be opened ({error.strerror})") from error
    data = read_file(path)
    digest = hashlib.blake2b(data, digest_size=16).digest()
    return PhotoFile(path, time_of_change(status), status.st_size, digest, device_of(folder)), data


_Outcome = TypeVar("_Outcome")


def in_threads(
    work: Callable[[Path], _Outcome], paths: Iterable[Path], workers: int
) -> Iterator[tuple[Path, Future[_Outcome]]]:
    """Do work in some threads, some paths ahead of the current one; yield outcomes in the order of the paths.

    When it is left early, what has not been begun is dropped.
    """
    waiting: deque[tuple[Path, Future[_Outcome]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="photo-reader")
    try:
        for path in paths:
            waiting.append((path, pool.submit(work, path)))
            if len(waiting) > _AHEAD_OF_EACH * workers:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(cancel_futures=True)
