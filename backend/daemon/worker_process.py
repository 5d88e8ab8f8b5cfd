"""The pipeline in a process of its own: when it dies the daemon lives, and when it ends all its memory goes back."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from raiha.backend.colour.pixels import Pixels
from raiha.backend.daemon.jobs import PipelineLike
from raiha.backend.daemon.shared_pixels import SharedPixels, place_of, share, withdraw
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest, HarmonizeResult, PreviewResult, Progress
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure

log = logging.getLogger("raiha.daemon")

_CANCEL_SECONDS = 0.05
"""Between two looks whether the job is still wanted."""

_PATIENCE_SECONDS = 8.0
"""For the process to stop a job that is no longer wanted."""

_ENDING_SECONDS = 1.0


@dataclass(frozen=True)
class _Order:
    """A request on its way to the worker process.

    Attributes:
        request: without its pixels.
        layer: where the layer's pixels are; the result takes their place.
        background: where the background's pixels are.
        mask: where the mask is.
        preview_side: longer side of the preview; None: the layer itself is wanted.
    """

    request: HarmonizeRequest
    layer: SharedPixels
    background: SharedPixels
    mask: SharedPixels | None
    preview_side: int | None


class WorkerProcess:
    """A ``PipelineLike`` that has another one work in a process, which is started for the first job.

    Args:
        make_pipeline: called in that process; a function that can be pickled.
    """

    def __init__(self, make_pipeline: Callable[[], PipelineLike]) -> None:
        self._make_pipeline = make_pipeline
        self._context = multiprocessing.get_context("spawn")
        self._unwanted = self._context.RawValue("b", 0)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: multiprocessing.connection.Connection[Any, Any] | None = None

    @property
    def pid(self) -> int | None:
        """The worker process; None while there is none."""
        process = self._process
        return None if process is None else process.pid

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        """Return the layer, harmonized; as ``Pipeline.harmonize``, and ``worker-died`` when the process ended."""
        result: HarmonizeResult = self._result(request, None, progress, cancelled)
        return result

    def preview(
        self, request: HarmonizeRequest, side: int, progress: Progress, cancelled: Callable[[], bool]
    ) -> PreviewResult:
        """Return small pictures; as ``Pipeline.preview``, and ``worker-died`` when the process ended."""
        result: PreviewResult = self._result(request, side, progress, cancelled)
        return result

    def release(self) -> None:
        """End the process, and with it give back all memory that it took."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()  # the process ends when it notices
        if process is not None:
            process.join(_ENDING_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()

    def _result(
        self, request: HarmonizeRequest, side: int | None, progress: Progress, cancelled: Callable[[], bool]
    ) -> Any:
        pixels = [None if each is None else _shared(each) for each in (request.layer, request.background, request.mask)]
        try:
            layer, background, mask = (None if each is None else place_of(each) for each in pixels)
            assert layer is not None and background is not None and pixels[0] is not None
            no_pixels = pixels[0][:0]
            bare = replace(request, layer=no_pixels, background=no_pixels, mask=None)
            outcome = self._follow(_Order(bare, layer, background, mask, side), progress, cancelled)
        finally:
            for each in pixels:
                if each is not None:
                    withdraw(each)
        return replace(outcome, layer=pixels[0]) if isinstance(outcome, HarmonizeResult) else outcome

    def _follow(self, order: _Order, progress: Progress, cancelled: Callable[[], bool]) -> Any:
        """Hand over a job and return its outcome; raise what it raised, or what ``progress`` raised meanwhile."""
        refused: BaseException | None = None

        def unwanted() -> bool:
            return refused is not None or cancelled()

        self._unwanted.value = 0
        connection = self._handed_over(order)
        try:
            while True:
                self._wait(connection, unwanted)
                kind, *content = connection.recv()
                if kind != "progress":
                    break
                try:
                    if refused is None:
                        progress(*content)
                except BaseException as error:
                    refused = error
                connection.send(refused is None)
        except (EOFError, OSError) as error:
            raise self._died() from (refused or error)
        if refused is not None:
            raise refused
        return self._outcome(kind, content)

    def _wait(self, connection: multiprocessing.connection.Connection[Any, Any], unwanted: Callable[[], bool]) -> None:
        """Wait for the process to send something; end it if it takes too long to notice that the job is unwanted.

        Raises:
            Cancelled: it was ended.
        """
        deadline: float | None = None
        while not connection.poll(_CANCEL_SECONDS):
            if unwanted():
                self._unwanted.value = 1
                deadline = deadline or time.monotonic() + _PATIENCE_SECONDS
                if time.monotonic() > deadline:
                    log.warning("the worker process does not stop a job that was cancelled, and is ended")
                    self.release()
                    raise Cancelled

    def _outcome(self, kind: str, content: list[Any]) -> Any:
        if kind == "done":
            return content[0]
        if kind == "cancelled":
            raise Cancelled
        code, sentence, remedy, exit_status = content[:4]
        if kind == "bug":
            log.error("in the worker process:\n%s", content[4])
        if code == "out-of-memory":
            self.release()
        raise RaihaError(code, sentence, remedy, exit_status=exit_status)

    def _handed_over(self, order: _Order) -> multiprocessing.connection.Connection[Any, Any]:
        """Send a job to the process, to a new one if it has died since the last job, and return the connection."""
        connection = self._started()
        try:
            connection.send(order)
        except OSError:
            self.release()
            connection = self._started()
            connection.send(order)
        return connection

    def _started(self) -> multiprocessing.connection.Connection[Any, Any]:
        if self._connection is not None and self._process is not None and self._process.is_alive():
            return self._connection
        self.release()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=run, args=(theirs, self._unwanted, self._make_pipeline), name="raiha-worker", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        return ours

    def _died(self) -> RaihaError:
        process = self._process
        status = None
        if process is not None:
            process.join(_ENDING_SECONDS)
            status = process.exitcode
        self.release()
        self._started()  # at once, so that it is ready when the user tries again
        reason = f"exit status {status}"
        if status is not None and status < 0:
            reason = f"ended by {signal.Signals(-status).name}"
        if status == -signal.SIGKILL:
            reason += ", as the system does when memory runs out"
        log.error("the worker process has died: %s", reason)
        return RaihaError(
            "worker-died",
            f"The process that harmonizes has died ({reason}).",
            "Your picture is unchanged. Try again; if it happens again, close other programs or crop the picture.",
        )


def _shared(pixels: Pixels) -> Pixels:
    """Return pixels in shared memory, copied if they are not there yet."""
    return pixels if place_of(pixels) is not None else share(pixels)


def make_pipeline(device: str) -> PipelineLike:
    """Return the pipeline that users run. Torch is imported here, in the worker process, and not in the daemon."""
    from raiha.backend.pipeline.pipeline import Pipeline

    return Pipeline(device=device)


def run(
    connection: multiprocessing.connection.Connection[Any, Any], unwanted: Any, make: Callable[[], PipelineLike]
) -> None:
    """Do jobs until the daemon closes the connection or ends: the main function of the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the daemon, which ends us
    _end_with_the_daemon()
    pipeline: PipelineLike | None = None
    with suppress(Exception):  # if it cannot be made, the first job tells why
        pipeline = make()
    while True:
        try:
            order = connection.recv()
        except (EOFError, OSError):
            return
        try:
            pipeline = pipeline or make()
            answer = _work(pipeline, order, connection, unwanted)
        except Cancelled:
            answer = ("cancelled",)
        except Exception as error:
            answer = _failure(error)
        try:
            connection.send(answer)
        except OSError:
            return


def _work(
    pipeline: PipelineLike, order: _Order, connection: multiprocessing.connection.Connection[Any, Any], unwanted: Any
) -> tuple[Any, ...]:
    def progress(stage: str, fraction: float) -> None:
        connection.send(("progress", stage, fraction))
        if not connection.recv():
            raise Cancelled

    def cancelled() -> bool:
        return bool(unwanted.value)

    layer = order.layer.open()
    request = replace(
        order.request,
        layer=layer,
        background=order.background.open(),
        mask=None if order.mask is None else order.mask.open(),
        in_place=True,
    )
    if order.preview_side is not None:
        return "done", pipeline.preview(request, order.preview_side, progress, cancelled)
    result = pipeline.harmonize(request, progress, cancelled)
    if result.layer is not layer:
        layer[:] = result.layer
    return "done", replace(result, layer=layer[:0])


def _failure(error: Exception) -> tuple[Any, ...]:
    described = describe_failure(error)
    if described is not None:
        return "failed", described.code, described.sentence, described.remedy, described.exit_status
    sentence = f"The Raiha daemon failed unexpectedly ({type(error).__name__}: {error})."
    remedy = "Your picture is unchanged. Details are in the daemon's log."
    return "bug", "unexpected", sentence, remedy, 1, traceback.format_exc()


def _end_with_the_daemon() -> None:
    """End this process when the daemon dies, also in the middle of a job."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="raiha-watch", daemon=True).start()
