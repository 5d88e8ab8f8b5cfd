"""Sending a request to the running daemon, as `raiha harmonize` does."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from raiha.backend.client.raiha_client import Client, ClientError, Event, Frame, Job, Reference, Result
from raiha.backend.colour.pixels import Pixels
from raiha.backend.daemon.channel_order import Order
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest, HarmonizeResult, Progress, UsedReference
from raiha.gallery_tools.errors import RaihaError

_EXPLAINED_IN_THE_LOG = ("connection-closed", "no-answer", "wrong-key", "other-version", "bad-message")


def as_raiha_error(error: ClientError) -> RaihaError:
    """Convert a client's error; its remedy names the log where the log may explain more."""
    log = f" Log: {error.log_path}" if error.code in _EXPLAINED_IN_THE_LOG and error.log_path else ""
    return RaihaError(error.code, error.sentence, error.remedy + log)


def harmonize_by_daemon(request: HarmonizeRequest, progress: Progress) -> HarmonizeResult:
    """Return the daemon's result for a request, the same bytes that ``Pipeline.harmonize`` returns in-process.

    Ctrl+C (KeyboardInterrupt), or a ``progress`` that raises, cancels the job in the daemon.

    Raises:
        RaihaError: ``no-daemon`` if none is running; whatever the client or the daemon reports.
        Cancelled: the daemon was told to drop the job.
    """
    try:
        with Client.connect(name="raiha harmonize") as client:
            job = send_request(client, request)
            result = _wait(job, progress)
    except ClientError as error:
        raise as_raiha_error(error) from error
    return _harmonize_result(result)


def send_request(client: Client, request: HarmonizeRequest, preview_side: int | None = None) -> Job:
    """Send a request and return at once."""
    return client.harmonize(
        layer=_as_frame(request.layer),
        background=_as_frame(request.background),
        mask=None if request.mask is None else _as_frame(request.mask[..., np.newaxis]),
        profile=request.profile,
        offset=request.offset,
        strength=request.strength,
        adjust=dict(request.adjust),
        adjustment=None if request.adjustment is None else request.adjustment.as_json(),
        only=request.only,
        gallery=request.gallery,
        references=[str(path.absolute()) for path in request.references],
        excluded=[str(path.absolute()) for path in request.excluded],
        max_references=request.max_references,
        finishing=asdict(request.finishing),
        preview_side=preview_side,
    )


def _as_frame(pixels: Pixels) -> Frame:
    orders: dict[int, Order] = {1: "GRAY", 2: "GRAYA", 3: "RGB", 4: "RGBA"}
    height, width, channels = pixels.shape
    return Frame(np.ascontiguousarray(pixels).data, width, height, orders[channels], pixels.dtype.name)


def _wait(job: Job, progress: Progress) -> Result:
    def report(event: Event) -> None:
        if event.kind == "progress":
            progress(event.stage, event.fraction)

    try:
        result = job.wait(report)
    except ClientError:
        raise
    except BaseException:
        job.cancel()
        # A moment for the message to leave: the connection's end would cancel the job as well, but later.
        deadline = time.monotonic() + 2.0
        while not job.finished and time.monotonic() < deadline:
            job.poll(0.1)
        raise
    if result is None:
        raise Cancelled
    return result


def _harmonize_result(result: Result) -> HarmonizeResult:
    frame = result.layer
    if frame is None:
        raise RaihaError("bad-message", "The Raiha daemon sent no layer.", "Install Raiha again.")
    pixels = np.frombuffer(frame.data, frame.dtype).reshape(frame.height, frame.width, -1)
    used = tuple(_used(reference) for reference in result.references)
    adjustment = Adjustment.of_json(result.adjustments)
    return HarmonizeResult(pixels, adjustment, result.change, used, result.seconds, result.notices)


def _used(reference: Reference) -> UsedReference:
    return UsedReference(
        path=Path(reference.path),
        score=reference.score,
        content=reference.content,
        appearance=reference.appearance,
        thumbnail=reference.thumbnail,
    )
