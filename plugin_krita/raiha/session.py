"""A run of Harmonize on one document: copy the layers, send them to the daemon, put the results back.

Whatever takes time is a generator that yields (stage, fraction of the whole) between short steps, so that its caller
can keep the window responsive and throw ``Cancelled`` into it. Only the last part changes the document, once every
layer's result has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .client.raiha_client import Client, Job
from .client.raiha_plugin import Connection, Options, Steps, send
from .layers import LayerCopy, copy_layer, place_result, result_pixels

if TYPE_CHECKING:
    from krita import Document, Node

CANCEL_POLLS = 250
"""How many polls the daemon gets to confirm a cancellation."""


class Cancelled(Exception):  # noqa: N818  (not an error: the user asked for it)
    """The user cancelled."""


@dataclass(frozen=True)
class Done:
    """The outcome of a run.

    Attributes:
        layers: names of the harmonized layers.
        undo_steps: how many undo steps restore the document.
        notes: sentences for the user.
    """

    layers: list[str]
    undo_steps: int
    notes: list[str]


class Session:
    """A run of Harmonize.

    Attributes:
        copies: the layers that have been copied.
        client: the connection to the daemon; None before ``connect``.
    """

    def __init__(self, document: Document, nodes: list[Node], client_name: str) -> None:
        self.document = document
        self.nodes = nodes
        self.copies: list[LayerCopy] = []
        self.client: Client | None = None
        self._connection = Connection(client_name)

    def connect(self) -> Steps:
        """Connect to the daemon, or start one, unless the session is connected; return the client."""
        while (client := self._connection.poll()) is None:
            yield "starting", 0.0
        self.client = client
        return client

    def copy(self, count: int | None = None) -> Steps:
        """Copy the first ``count`` layers, or all, unless they have been copied."""
        for node in self.nodes[len(self.copies) : count]:
            steps = copy_layer(self.document, node)
            self.copies.append((yield from _staged(steps, "copying", 0.0)))

    def preview(self, options: Options, side: int) -> Steps:
        """Return the first layer's preview, a ``Result`` with pictures whose longer side is ``side`` pixels."""
        client = yield from self.connect()
        yield from self.copy(1)
        job = send(client, self.copies[0].composite(), options, side)
        return (yield from _finished(job, 0.0, 1.0))

    def harmonize(self, options: Options) -> Steps:
        """Harmonize every layer and put the results into the document; return ``Done``."""
        client = yield from self.connect()
        yield from self.copy()
        results = []
        share = 1.0 / len(self.copies)
        for number, copy in enumerate(self.copies):
            answer = yield from _finished(send(client, copy.composite(), options), number * share, share)
            pixels = result_pixels(copy, answer.layer.data)
            results.append((yield from _staged(pixels, "writing", (number + 1) * share)))
        return (yield from self._written(results, options))

    def close(self) -> None:
        """Disconnect from the daemon."""
        self.client = None
        self._connection.close()

    def _written(self, results: list[Any], options: Options) -> Steps:
        undo_steps = 0
        for copy, pixels in zip(self.copies, results):  # noqa: B905  (Python 3.8 in Krita's AppImage)
            steps = place_result(self.document, copy, pixels, in_place=options.placement == "in-place")
            undo_steps += yield from _uninterrupted(steps)
        notes = [note for copy in self.copies for note in copy.notes]
        return Done([copy.name for copy in self.copies], undo_steps, notes)


def _finished(job: Job, begin: float, share: float) -> Steps:
    """Return a job's result; its progress is the ``share`` of the whole from ``begin``."""
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


def _staged(steps: Steps, stage: str, fraction: float) -> Steps:
    """Run steps that yield nothing and yield a stage in their place."""
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
    """Run the steps that change the document to the end even if the user cancels: no half-written result may stay."""
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


def _cancelled_by_daemon(job: Job) -> Steps:
    job.cancel()
    for _ in range(CANCEL_POLLS):
        job.poll()
        if job.finished:
            return
        yield "cancelling", job.progress[1]
