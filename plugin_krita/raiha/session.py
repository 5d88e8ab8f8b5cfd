"""A run of Harmonize on one document: copy the layers, send them to the daemon, put the results back.

Whatever takes time is a generator that yields (stage, fraction of the whole) between short steps, so that its caller
can keep the window responsive and throw ``Cancelled`` into it. Only the last part changes the document, once every
layer's result has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .client import raiha_texts as texts
from .client.adjustments import Adjustments
from .client.raiha_client import Client, Job
from .client.raiha_plugin import Area, Connection, Options, Steps, send, send_view
from .layers import LayerCopy, LayerResult, copy_layer, place_result, result_pixels

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
        yield from self.copy(1)
        client = yield from self.connect()
        job = send(client, self.copies[0].composite(), options, side)
        return (yield from _finished(job, 0.0, 1.0))

    def view(self, area: Area, side: int, finish: Mapping[str, Any] | None = None) -> Steps:
        """Return a part of the first layer's picture, a ``Result``, as ``send_view`` does.

        Args:
            area: in the document's pixels.
            side: longer side of the pictures at most.
            finish: of the preview's adjustments.
        """
        client = yield from self.connect()
        return (yield from _finished(send_view(client, self.copies[0].composite(), area, side, finish), 0.0, 1.0))

    def read_folder(self, folder: str, gallery: str) -> Steps:
        """Have the daemon read a folder of photos into a gallery; return its answer."""
        client = yield from self.connect()
        job = client.index(folder, gallery)
        try:
            while not job.finished:
                job.poll()
                done, total = job.counts
                words = texts.GALLERY_READING.format(done=done, total=total) if total else texts.GALLERY_FINDING
                yield words, job.progress[1] if total else 0.0
        except Cancelled:
            yield from _cancelled_by_daemon(job)
            raise
        if job.error is not None:
            raise job.error
        return job.answer

    def harmonize(self, options: Options, adjustments: Adjustments | None = None) -> Steps:
        """Harmonize every layer and put the results into the document; return ``Done``.

        Args:
            options: the user's choices.
            adjustments: of the dialog, which showed the first layer; the user's numbers count for the others, too.
        """
        yield from self.copy()
        client = yield from self.connect()
        results = []
        share = 1.0 / len(self.copies)
        for number, copy in enumerate(self.copies):
            job = send(client, copy.composite(), options, **_adjusted(adjustments, is_shown=number == 0))
            answer = yield from _finished(job, number * share, share)
            pixels = yield from _staged(result_pixels(copy, answer.layer.data), "writing", (number + 1) * share)
            results.append(LayerResult(pixels, answer.adjustments))
        return (yield from self._written(results, options))

    def choose_instead(self, node: Node) -> None:
        """Harmonize another layer in place of those that were chosen."""
        self.nodes, self.copies = [node], []

    def close(self) -> None:
        """Disconnect from the daemon."""
        self.client = None
        self._connection.close()

    def _written(self, results: list[LayerResult], options: Options) -> Steps:
        undo_steps = 0
        for copy, result in zip(self.copies, results):  # noqa: B905  (Python 3.8 in Krita's AppImage)
            steps = place_result(self.document, copy, result, in_place=options.placement == "in-place")
            undo_steps += yield from _uninterrupted(steps)
        notes = [note for copy in self.copies for note in copy.notes]
        return Done([copy.name for copy in self.copies], undo_steps, notes)


def _adjusted(adjustments: Adjustments | None, *, is_shown: bool) -> dict[str, Any]:
    """Return what is sent of a dialog's adjustments: nothing, if the user left them as the network found them."""
    if adjustments is None or not adjustments.changed:
        return {}
    return {"adjustment": adjustments.as_sent()} if is_shown else {"adjust": adjustments.changed}


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
