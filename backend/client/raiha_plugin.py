"""What the plug-ins of both editors share: connecting, options, requests, pixels, and the list of references."""

from __future__ import annotations

import json
import re
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generator, Literal, NamedTuple, Tuple  # noqa: UP035  (evaluated by Python 3.8)

from . import raiha_texts as texts
from .adjusting import NUMBERS
from .client import Client, Job
from .daemon_start import ensure_daemon
from .messages import Frame, Reference

RECORD = Path(__file__).resolve().parents[1] / "raiha_daemon.json"
"""How to start a daemon and where it meets its clients: ``raiha install-plugin`` writes it beside this folder."""
MOST_STRENGTH = 1.5
"""Of a change; above 1 it is exaggerated."""
CHUNK = 1 << 21
"""Pixels processed in one step."""
_FULL = {"uint8": b"\xff", "uint16": b"\xff\xff", "float16": struct.pack("e", 1.0), "float32": struct.pack("f", 1.0)}
"""Bytes of a sample that is wholly opaque."""
_SAMPLE_FORMATS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}

Stage = Tuple[str, float]  # noqa: UP006
"""What is being done, a key of ``raiha_texts.STAGES``, and the fraction of the whole that is done."""

Area = Tuple[int, int, int, int]  # noqa: UP006
"""x, y, width and height, pixels."""

Steps = Generator[Any, None, Any]
"""Work in short steps: yields a ``Stage`` or None after each, returns its result."""


def at_once(steps: Steps) -> Any:
    """Run steps to their end and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Connection:
    """A connection to the daemon, made in a thread when it is first needed, and again after a failure."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._client: Client | None = None
        self._error: Exception | None = None
        self._closed = False

    def poll(self) -> Client | None:
        """Return the client, or None while it is still connecting; never wait.

        Raises:
            ClientError: no daemon is running and none could be started; the next call tries again.
        """
        if self._thread is None and self._client is None:
            self._thread = threading.Thread(target=self._connect, name="raiha-connect", daemon=True)
            self._thread.start()
        if self._thread is not None:
            if self._thread.is_alive():
                return None
            self._thread = None
            if self._error is not None:
                error, self._error = self._error, None
                raise error
        return self._client

    def reset(self) -> None:
        """Close the client, so that the next use connects anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """Close the client, or stop connecting; the daemon cancels the jobs of a client that has gone."""
        self._closed = True
        self.reset()

    def _connect(self) -> None:
        try:
            record = daemon_record()
            self._client = ensure_daemon(
                record.get("command"),
                on_wait=lambda _seconds: not self._closed,
                runtime_folder=record.get("runtime_folder"),
                name=self._name,
            )
        except Exception as error:  # poll raises it where it can be shown
            self._error = error
        if self._closed:
            self.reset()


def daemon_record() -> dict[str, Any]:
    """Return what the installation recorded; empty if it cannot be read."""
    try:
        record = json.loads(RECORD.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def report_command(record: dict[str, Any], file: str) -> list[str] | None:
    """Return the command that writes a report to a file, given how the daemon is started; None if that is unknown."""
    command = record.get("command")
    if not isinstance(command, list) or command[-1:] != ["serve"]:
        return None
    return [*map(str, command[:-1]), "doctor", "--bundle", file]


@dataclass(frozen=True)
class Options:
    """The user's choices.

    Attributes:
        strength: 0 (untouched) to 1.5.
        only: "colour", "luminance", or None for both.
        gallery: name of the gallery that is searched; None: none.
        placement: where the result goes, ``raiha_texts.NEW_LAYER`` or ``IN_PLACE``.
        references: photos that are always used.
        excluded: photos that are never used.
        clean_edge: whether a fringe at the object's edge is removed.
        match_grain: whether noise that the object lacks is added.
        match_sharpness: whether an object that is too sharp is blurred.
    """

    strength: float = 1.0
    only: str | None = None
    gallery: str | None = None
    placement: str = texts.NEW_LAYER
    references: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    clean_edge: bool = False
    match_grain: bool = False
    match_sharpness: bool = False

    @property
    def finishing(self) -> dict[str, bool]:
        """What is done after the colours, by the protocol's names."""
        return {name: getattr(self, name) for name in texts.FINISH_LABELS}

    @property
    def in_place(self) -> bool:
        """Whether the result replaces the layer."""
        return self.placement == texts.IN_PLACE


class Composite(NamedTuple):
    """A layer and its picture as ``Client.harmonize`` takes them."""

    layer: Frame
    background: Frame
    mask: Frame | None
    profile: bytes | None
    offset: tuple[int, int]


def send(
    client: Client,
    composite: Composite,
    options: Options,
    preview_side: int | None = None,
    adjustment: Mapping[str, Any] | None = None,
    adjust: Mapping[str, float] | None = None,
) -> Job:
    """Send a layer; of a preview, the dialog adjusts and mixes the pictures itself.

    Args:
        client: a connection to the daemon.
        composite: the layer and its picture.
        options: the user's choices.
        preview_side: longer side of the preview's pictures; None: the layer itself is wanted.
        adjustment: what a dialog showed, ``Adjustments.as_sent``, which is applied without the network.
        adjust: numbers that replace the network's.
    """
    known = {} if adjust is None else {name: value for name, value in adjust.items() if name in NUMBERS}
    return client.harmonize(
        **composite._asdict(),
        strength=options.strength if preview_side is None else 1.0,
        only=options.only if preview_side is None else None,
        adjustment=adjustment,
        adjust=known,
        gallery=options.gallery if adjustment is None else None,
        references=options.references if adjustment is None else (),
        excluded=options.excluded,
        preview_side=preview_side,
        finishing=options.finishing,
    )


def send_view(
    client: Client, composite: Composite, view: Area, side: int, finish: Mapping[str, Any] | None = None
) -> Job:
    """Request a part of the picture as it is; only the pixels of this part travel.

    Args:
        client: a connection to the daemon.
        composite: the layer and its picture.
        view: a part of the background, pixels.
        side: longer side of the answer's pictures at most.
        finish: what the preview's adjustments have as ``finish``, which is shown in the part, too.
    """
    x, y, width, height = view
    left, top = composite.offset
    layer, mask = composite.layer, composite.mask
    seen = _overlap(view, (left, top, layer.width, layer.height))
    if seen is None:  # the object is elsewhere: a pixel of it stands for it, outside what is seen
        seen = (left, top, 1, 1)
    place = (seen[0] - left, seen[1] - top, seen[2], seen[3])
    offset = (seen[0] - x, seen[1] - y)
    return client.harmonize(
        layer=cut_out(layer, place),
        background=cut_out(composite.background, view),
        mask=None if mask is None else cut_out(mask, place),
        profile=composite.profile,
        offset=offset,
        preview_side=side,
        view=(0, 0, width, height),
        adjustment={"finish": finish} if finish else None,
    )


def cut_out(frame: Frame, area: Area) -> Frame:
    """Return a copy of a part of a frame."""
    x, y, width, height = area
    pixel_bytes = frame.channels * frame.sample_bytes
    source, row = memoryview(frame.data).cast("B"), frame.width * pixel_bytes
    begins = range(y * row + x * pixel_bytes, (y + height) * row, row)
    pixels = b"".join([source[begin : begin + width * pixel_bytes] for begin in begins])
    return Frame(pixels, width, height, frame.order, frame.dtype)


def _overlap(one: Area, other: Area) -> Area | None:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[0] + one[2], other[0] + other[2]), min(one[1] + one[3], other[1] + other[3])
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


def is_transparent(pixels: Any, channels: int, sample_bytes: int) -> Steps:
    """Return whether alpha, the last channel, is zero everywhere; yield after every chunk."""
    row = _samples(pixels, sample_bytes)
    for begin in range(channels - 1, len(row), CHUNK * channels):
        alpha = row[begin : begin + CHUNK * channels : channels].tobytes()
        if alpha.count(0) != len(alpha):
            return False
        yield
    return True


def is_opaque(pixels: Any, channels: int, sample_bytes: int, dtype: str) -> Steps:
    """Return whether alpha, the last channel, is full everywhere; yield after every chunk.

    Args:
        pixels: of a layer.
        channels: samples per pixel.
        sample_bytes: bytes per sample.
        dtype: the protocol's name of the samples' type.
    """
    row, full = _samples(pixels, sample_bytes), _FULL[dtype]
    for begin in range(channels - 1, len(row), CHUNK * channels):
        alpha = row[begin : begin + CHUNK * channels : channels].tobytes()
        if alpha != full * (len(alpha) // len(full)):
            return False
        yield
    return True


def with_alpha_of(pixels: Any, source: Any, channels: int, sample_bytes: int) -> Steps:
    """Return the pixels, as a bytearray, with the alpha of ``source`` bit for bit; yield after every chunk."""
    out = bytearray(pixels)
    yield
    row, alpha = _samples(out, sample_bytes), _samples(source, sample_bytes)
    for begin in range(channels - 1, len(row), CHUNK * channels):
        end = begin + CHUNK * channels
        row[begin:end:channels] = alpha[begin:end:channels]
        yield
    return out


def restored_outside(pixels: bytearray, original: Any, mask: Any) -> Steps:
    """Put the original's pixels back wherever the mask, one byte per pixel, is zero; yield after every chunk.

    Converting to another colour space and back is not exact, so pixels that must not change are copied.
    """
    source, pixel_bytes = memoryview(original).cast("B"), len(pixels) // len(mask)
    for begin in range(0, len(mask), CHUNK):
        for run in re.finditer(rb"\0+", memoryview(mask)[begin : begin + CHUNK]):
            first, end = (begin + run.start()) * pixel_bytes, (begin + run.end()) * pixel_bytes
            pixels[first:end] = source[first:end]
        yield
    return pixels


def _samples(pixels: Any, sample_bytes: int) -> memoryview:
    return memoryview(pixels).cast("B").cast(_SAMPLE_FORMATS[sample_bytes])


class Row(NamedTuple):
    """A line in the list of references.

    Attributes:
        path: the photo.
        notes: its state and why it was chosen, in words.
        explanation: the photo's whole path and why it was chosen, in a sentence.
        thumbnail: a JPEG, or None if the daemon has not sent one.
        pinned: whether it is always used.
        excluded: whether it is never used.
    """

    path: str
    notes: list[str]
    explanation: str
    thumbnail: bytes | None
    pinned: bool
    excluded: bool


class ChosenReferences:
    """The references of the last preview, and the photos that the user pinned or excluded."""

    def __init__(self, pinned: Sequence[str] = (), excluded: Sequence[str] = ()) -> None:
        self.pinned = list(pinned)
        self.excluded = list(excluded)
        self._used: list[str] = []
        self._seen: dict[str, Reference] = {}

    def show(self, references: Sequence[Reference]) -> None:
        """Take the references of a preview, best first."""
        self._used = [reference.path for reference in references]
        for reference in references:
            # A photo that was found and then pinned keeps its reason.
            if reference.path not in self._seen or reference.content is not None:
                self._seen[reference.path] = reference

    def pin(self, path: str, pinned: bool) -> None:
        """Pin a photo, so that it is always used, or unpin it."""
        _put(self.pinned, path, pinned)
        if pinned:
            _put(self.excluded, path, False)

    def exclude(self, path: str, excluded: bool) -> None:
        """Never use a photo, or allow it again."""
        _put(self.excluded, path, excluded)
        if excluded:
            _put(self.pinned, path, False)

    def rows(self) -> list[Row]:
        """Return the lines: the references of the preview, then what was pinned since, then what is excluded."""
        return [self._row(path) for path in dict.fromkeys([*self._used, *self.pinned, *self.excluded])]

    def _row(self, path: str) -> Row:
        seen, pinned, excluded = self._seen.get(path), path in self.pinned, path in self.excluded
        why = (None, None) if seen is None else (seen.content, seen.appearance)
        reason = "" if seen is None else texts.reference_reason(*why)
        explanation = path if seen is None else texts.reference_explanation(path, *why)
        notes = texts.reference_notes(reason, pinned, excluded)
        return Row(path, notes, explanation, None if seen is None else seen.thumbnail, pinned, excluded)


def _put(paths: list[str], path: str, wanted: bool) -> None:
    if wanted and path not in paths:
        paths.append(path)
    elif not wanted and path in paths:
        paths.remove(path)
