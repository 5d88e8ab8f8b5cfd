"""One use of Harmonize on one document: copy the layers, ask the daemon, put the results back.

Everything that takes time is a generator that yields (stage, fraction of the whole) between short steps, so
that whoever runs it keeps the window alive and may throw ``Cancelled`` into it. The document is changed only by
the last part, after every layer's result is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import daemon, raiha_client
from .colour_spaces import profile_bytes
from .kinds import Steps
from .layers import LayerCopy, copy_layer, place_result, result_pixels
from .settings import Options

CANCEL_POLLS = 250
"""How often the daemon is asked whether it has cancelled before it is left alone."""


class Cancelled(Exception):  # noqa: N818  (not an error: the user asked for it)
    """The user cancelled."""


@dataclass(frozen=True)
class Done:
    """What was put into the document.

    Attributes:
        layers: names of the layers harmonized.
        undo_steps: how many undo steps take it back.
        notes: what the user should know.
    """

    layers: list[str]
    undo_steps: int
    notes: list[str]


class Session:
    """One use of Harmonize. Attributes: ``copies``, the layers; ``client``, the daemon, once connected."""

    def __init__(self, document: Any, nodes: list[Any], client_name: str) -> None:
        self.document = document
        self.nodes = nodes
        self.client_name = client_name
        self.copies: list[LayerCopy] = []
        self.client: raiha_client.Client | None = None

    def connect(self) -> Steps:
        """Connect to the daemon unless that is done."""
        if self.client is None:
            self.client = yield from daemon.connection(self.client_name)

    def copy(self, count: int | None = None) -> Steps:
        """Copy the first layers, or all, unless that is done."""
        for node in self.nodes[len(self.copies) : count]:
            steps = copy_layer(self.document, node)
            self.copies.append((yield from _staged(steps, "copying", 0.0)))

    def preview(self, options: Options, side: int) -> Steps:
        """Return the first layer's preview, a ``raiha_client.Result``, at full strength and in all ways of change."""
        yield from self.connect()
        yield from self.copy(1)
        return (yield from self._asked(self.copies[0], options, 0.0, 1.0, side))

    def harmonize(self, options: Options) -> Steps:
        """Harmonize every layer and put the results into the document; return ``Done``."""
        yield from self.connect()
        yield from self.copy()
        results = []
        share = 1.0 / len(self.copies)
        for number, copy in enumerate(self.copies):
            answer = yield from self._asked(copy, options, number * share, share, None)
            pixels = result_pixels(copy, answer.layer.data)
            results.append((yield from _staged(pixels, "writing", (number + 1) * share)))
        return (yield from self._written(results, options))

    def close(self) -> None:
        """Leave the daemon."""
        if self.client is not None:
            self.client.close()
            self.client = None

    def _asked(self, copy: LayerCopy, options: Options, begin: float, share: float, preview_side: int | None) -> Steps:
        job = request(self.client, copy, options, preview_side)
        try:
            while not job.finished:
                job.poll()
                stage, fraction = job.progress
                yield stage, begin + share * fraction
        except Cancelled:
            yield from _cancelled_by_daemon(job)
            raise
        if job.error is not None:
            raise job.error
        return job.result

    def _written(self, results: list[Any], options: Options) -> Steps:
        undo_steps = 0
        for copy, pixels in zip(self.copies, results):  # noqa: B905  (Python 3.8 in Krita's AppImage)
            steps = place_result(self.document, copy, pixels, in_place=options.placement == "in-place")
            undo_steps += yield from _uninterrupted(steps)
        notes = [note for copy in self.copies for note in copy.notes]
        return Done([copy.name for copy in self.copies], undo_steps, notes)


def request(client: Any, copy: LayerCopy, options: Options, preview_side: int | None) -> raiha_client.Job:
    """Send one layer to the daemon. A preview is asked for at full strength: the strength is mixed in here."""
    x, y, width, height = copy.rect
    sent, frame = copy.sent, raiha_client.Frame
    mask = None if copy.mask is None else frame(copy.mask, width, height, "GRAY", "uint8")
    return client.harmonize(
        layer=frame(memoryview(copy.pixels), width, height, sent.order, sent.dtype),
        background=frame(memoryview(copy.background), *copy.canvas, sent.order, sent.dtype),
        mask=mask,
        profile=profile_bytes(sent),
        offset=(x, y),
        strength=1.0 if preview_side else options.strength,
        only=None if preview_side else options.only,
        gallery=options.gallery,
        references=options.references,
        excluded=options.excluded,
        preview_side=preview_side,
    )


def _staged(steps: Steps, stage: str, fraction: float) -> Steps:
    """Run steps that yield nothing as ones of a stage."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        try:
            yield stage, fraction
        except BaseException:
            steps.close()
            raise


def _uninterrupted(steps: Steps) -> Steps:
    """Run the steps that change the document to their end, although the user cancels: half of them must not stay."""
    writing = _staged(steps, "writing", 1.0)
    while True:
        try:
            stage = next(writing)
        except StopIteration as end:
            return end.value
        try:
            yield stage
        except Cancelled:
            continue


def _cancelled_by_daemon(job: raiha_client.Job) -> Steps:
    job.cancel()
    for _ in range(CANCEL_POLLS):
        job.poll()
        if job.finished:
            return
        yield "cancelling", job.progress[1]
