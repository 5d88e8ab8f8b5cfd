"""What travels between client and daemon: frames of pixels, results, and the digest that authenticates a message."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from .zmtp import Buffer

PROTOCOL = 2
MAGIC = b"raiha2"
MOST_REFERENCES = 4
"""The most references that a request may use."""

CHUNK_BYTES = 1 << 20
"""What is hashed at a time, so that several processors can share the work."""

_DTYPE_SIZES = {"uint8": 1, "uint16": 2, "float16": 2, "float32": 4}
_ORDER_CHANNELS = {"RGBA": 4, "BGRA": 4, "RGB": 3, "BGR": 3, "GRAYA": 2, "GRAY": 1}


class Frame:
    """Pixels and their layout.

    Attributes:
        data: width * height * channels values, rows from the top, no padding; not copied.
        width: pixels.
        height: pixels.
        order: ``"RGBA"``, ``"BGRA"``, ``"RGB"``, ``"BGR"``, ``"GRAYA"`` or ``"GRAY"``.
        dtype: ``"uint8"``, ``"uint16"``, ``"float16"`` or ``"float32"``, in this machine's byte order.
    """

    def __init__(self, data: Buffer, width: int, height: int, order: str = "RGBA", dtype: str = "uint8") -> None:
        if order not in _ORDER_CHANNELS or dtype not in _DTYPE_SIZES or width < 1 or height < 1:
            raise ValueError(f"no such frame: {width!r} x {height!r} {order!r} {dtype!r}")
        self.data = data
        self.width = width
        self.height = height
        self.order = order
        self.dtype = dtype
        expected = width * height * self.channels * self.sample_bytes
        if memoryview(data).nbytes != expected:
            raise ValueError(f"{memoryview(data).nbytes} bytes instead of {expected}")

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return _ORDER_CHANNELS[self.order]

    @property
    def sample_bytes(self) -> int:
        """Bytes per sample."""
        return _DTYPE_SIZES[self.dtype]

    def descriptor(self, number: int) -> dict[str, Any]:
        """Return the frame's entry in the header; ``number`` counts the message's pixel frames from 0."""
        shape = [self.height, self.width, self.channels]
        return {"frame": number, "shape": shape, "dtype": self.dtype, "order": self.order}


class Reference(NamedTuple):
    """A reference that was used; the numbers are None for one that the user pinned. ``thumbnail`` is a JPEG."""

    path: str
    score: float | None
    content: float | None
    appearance: float | None
    thumbnail: bytes


class Result(NamedTuple):
    """A job's answer: ``layer`` in the layout in which it was sent, or a preview's uint8 pictures by name.

    ``adjustments`` are what was done to the object's colours, ``change`` is how much of it people see (CIEDE2000), and
    ``window`` is the part of the background that a preview shows: x, y, width and height. ``notices`` are sentences
    about what went another way than usual.
    """

    layer: Frame | None
    preview: dict[str, Frame]
    references: list[Reference]
    seconds: dict[str, float]
    adjustments: dict[str, Any]
    change: float
    window: tuple[int, ...] = ()
    notices: tuple[str, ...] = ()


class Event(NamedTuple):
    """``kind`` is ``"progress"``, ``"result"``, ``"error"`` or ``"cancelled"``; the rest describes progress."""

    kind: str
    stage: str
    fraction: float


def digest(key: bytes, nonce: bytes, header: Buffer, frames: Sequence[Buffer]) -> bytes:
    """Return the 32 bytes that authenticate a message: keyed BLAKE2b over its nonce and the digests of its chunks.

    Each part, the header first, counts with its length and the keyed digest of each ``CHUNK_BYTES`` of it.
    """
    views = [memoryview(part).cast("B") for part in (header, *frames)]
    chunks = [view[start : start + CHUNK_BYTES] for view in views for start in range(0, view.nbytes, CHUNK_BYTES)]
    digests = iter(_digests(key, chunks))
    state = hashlib.blake2b(nonce, key=key, digest_size=32, person=b"raiha2 message")
    for view in views:
        state.update(struct.pack(">Q", view.nbytes))
        for _ in range(0, view.nbytes, CHUNK_BYTES):
            state.update(next(digests))
    return state.digest()


def _digests(key: bytes, chunks: list[memoryview]) -> list[bytes]:
    def of(chunk: memoryview) -> bytes:
        return hashlib.blake2b(chunk, key=key, digest_size=32, person=b"raiha2 chunk").digest()

    if len(chunks) <= 4:
        return [of(chunk) for chunk in chunks]
    from concurrent.futures import ThreadPoolExecutor  # not needed by small messages, and slow to import

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:  # hashing leaves Python's lock to the others
        return list(pool.map(of, chunks))


def result_of(header: dict[str, Any], frames: list[bytearray]) -> Result:
    """Return the result in a message; raises KeyError, IndexError or ValueError if it is malformed."""
    layer = header.get("layer")
    return Result(
        layer=None if layer is None else _frame(layer, frames),
        preview={name: _frame(shape, frames) for name, shape in (header.get("preview") or {}).items()},
        references=[_reference(fields, frames) for fields in header.get("references", [])],
        seconds=header.get("seconds", {}),
        adjustments=header.get("adjustments", {}),
        change=header.get("change", 0.0),
        window=tuple(header.get("window", ())),
        notices=tuple(header.get("notices", ())),
    )


def _frame(descriptor: dict[str, Any], frames: list[bytearray]) -> Frame:
    height, width = descriptor["shape"][:2]
    return Frame(frames[descriptor["frame"]], width, height, descriptor["order"], descriptor["dtype"])


def _reference(fields: dict[str, Any], frames: list[bytearray]) -> Reference:
    thumbnail = bytes(frames[fields["thumbnail"]["frame"]])
    return Reference(fields["path"], fields["score"], fields["content"], fields["appearance"], thumbnail)
