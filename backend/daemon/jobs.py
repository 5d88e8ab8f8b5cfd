"""The queue of jobs, the running job, and the thread that does them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from raiha.backend.daemon.authentication import SealedMessage, seal
from raiha.backend.daemon.protocol import (
    HarmonizeMessage,
    Header,
    error_header,
    parse_harmonize,
    parse_header,
    preview_message,
    result_message,
)
from raiha.backend.daemon.shared_pixels import share
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest, HarmonizeResult, PreviewResult, Progress
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.failures import describe_failure

log = logging.getLogger("raiha.daemon")

JobKey = tuple[bytes, str]
"""(routing id of the client, id that it chose): no client can name another client's job."""


_CLIENTS = 1024
"""Whose turns are remembered."""


class PipelineLike(Protocol):
    """What does the work: ``raiha.backend.pipeline.pipeline.Pipeline`` in the daemon that users run."""

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        """Return the layer at full size; raise RaihaError or Cancelled."""

    def preview(
        self, request: HarmonizeRequest, side: int, progress: Progress, cancelled: Callable[[], bool]
    ) -> PreviewResult:
        """Return small pictures before and after; raise RaihaError or Cancelled."""

    def release(self) -> None:
        """Drop the weights from memory until they are needed again."""


@dataclass(eq=False)
class Job:
    """One harmonize message.

    Attributes:
        key: who asked, and by which id.
        message: as received; None once the worker has begun to read it, so that its memory can go.
        progress: (stage, fraction); written by the worker, read by the server.
        cancelled: set when the result is no longer wanted.
        reply: parts of the last message to be sent, once the job is done.
        error_code: the reason, if it failed.
        received: when the message came, on the clock of ``time.monotonic``.
    """

    key: JobKey
    message: SealedMessage | None
    progress: tuple[str, float] = ("queued", 0.0)
    cancelled: threading.Event = field(default_factory=threading.Event)
    reply: list[Any] | None = None
    error_code: str | None = None
    received: float = field(default_factory=time.monotonic)

    @property
    def size(self) -> int:
        """Bytes of its message while it waits; 0 from then on."""
        message = self.message
        return 0 if message is None else message.size


class Worker:
    """Does one job at a time in a thread of its own.

    Args:
        pipeline_factory: makes the pipeline, in the thread, when the first job comes.
        key: with which replies are sealed.
        wake: called from the thread when a job's progress or reply has changed.
        log_path: named to users when something unexpected happens.
    """

    def __init__(
        self, pipeline_factory: Callable[[], PipelineLike], key: bytes, wake: Callable[[], None], log_path: Path
    ) -> None:
        self._pipeline_factory = pipeline_factory
        self._pipeline: PipelineLike | None = None
        self._key = key
        self._wake = wake
        self._log_path = log_path
        self._condition = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._served: dict[bytes, int] = {}
        self._turn = 0
        self._running: Job | None = None
        self._release_wanted = False
        self._ending = False
        self.weights_loaded = False
        self._verifier = ThreadPoolExecutor(1, thread_name_prefix="raiha-verifier")
        self._thread = threading.Thread(target=self._run, name="raiha-worker", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._waiting)

    @property
    def process(self) -> int | None:
        """The id of the process that does the work, if the pipeline has one of its own."""
        return getattr(self._pipeline, "pid", None)

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._running is not None

    def submit(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        with self._condition:
            self._waiting.append(job)
            self._condition.notify()

    def withdraw(self, job: Job) -> bool:
        """Cancel a job; return True if it had not begun and so will never be answered."""
        job.cancelled.set()
        with self._condition:
            if job in self._waiting:
                self._waiting.remove(job)
                return True
            return False

    def release(self) -> None:
        """Drop the weights once no job is waiting."""
        with self._condition:
            self._release_wanted = True
            self._condition.notify()

    def end(self, seconds: float) -> None:
        """Cancel the running job and end the thread; wait for it at most ``seconds``."""
        with self._condition:
            self._ending = True
            self._waiting.clear()
            self._condition.notify()
            if self._running is not None:
                self._running.cancelled.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._running = None
                while not (self._waiting or self._release_wanted or self._ending):
                    self._condition.wait()
                if self._ending:
                    break
                job = self._next() if self._waiting else None
                self._running = job
                if job is None:
                    self._release_wanted = False
            if job is None:
                self._release()
            else:
                job.reply = self._reply(job)
                self._wake()
        self._release()

    def _next(self) -> Job:
        """Take the oldest job of the client that was served longest ago, so that nobody waits for a busy one's many."""
        job = min(self._waiting, key=lambda job: self._served.get(job.key[0], 0))
        self._waiting.remove(job)
        self._served.pop(job.key[0], None)
        self._served[job.key[0]] = self._turn = self._turn + 1
        if len(self._served) > _CLIENTS:
            del self._served[next(iter(self._served))]
        return job

    def _release(self) -> None:
        if self._pipeline is not None and self.weights_loaded:
            self._pipeline.release()
            self.weights_loaded = False
            log.info("weights released")

    def _reply(self, job: Job) -> list[Any]:
        identifier = job.key[1]
        try:
            header, frames = self._work(job)
        except Cancelled:
            header, frames = {"type": "cancelled", "id": identifier}, []
        except RaihaError as error:
            log.info("job %s: %s", identifier, error.code)
            log.debug("%s", error)  # its sentence may name files
            header, frames = error_header(identifier, error), []
            job.error_code = error.code
        except Exception as error:
            log.exception("job %s", identifier)
            told = described(error, self._log_path)
            header, frames = error_header(identifier, told), []
            job.error_code = told.code
        return seal(self._key, header, frames)

    def _work(self, job: Job) -> tuple[Header, list[Any]]:
        """Do a job while its message is verified, for hashing a large layer takes as long as harmonizing it.

        Its sender proved that it has the key when it said hello, so work on its pixels can begin. But until the message
        itself is verified no file is opened, and nothing of the outcome is sent.
        """
        message, job.message = job.message, None
        assert message is not None
        header, frames = parse_header(message.header), message.frames
        verified = self._verifier.submit(message.verify, self._key)
        del message

        def progress(stage: str, fraction: float) -> None:
            if job.cancelled.is_set():
                raise Cancelled
            if stage == "references" and (header.get("gallery") or header.get("references")):
                verified.result()
            job.progress = (stage, min(1.0, max(0.0, fraction)))
            self._wake()

        try:
            progress("reading", 0.0)
            wanted = parse_harmonize(header, frames, share)
            del frames  # freed once they are verified
            return self._outcome(job, wanted, progress)
        finally:
            verified.result()

    def _outcome(self, job: Job, wanted: HarmonizeMessage, progress: Progress) -> tuple[Header, list[Any]]:
        if self._pipeline is None:
            self._pipeline = self._pipeline_factory()
        self.weights_loaded = True
        if wanted.preview_side is not None:
            preview = self._pipeline.preview(wanted.request, wanted.preview_side, progress, job.cancelled.is_set)
            return preview_message(job.key[1], preview)
        result = self._pipeline.harmonize(wanted.request, progress, job.cancelled.is_set)
        progress("sending", job.progress[1])
        return result_message(job.key[1], result, wanted.layer_format)


def described(error: Exception, log_path: Path) -> RaihaError:
    """Return any error as the sentences that a user reads: the one place of the daemon where that is done."""
    return describe_failure(error) or RaihaError(
        "unexpected",
        f"The Raiha daemon failed unexpectedly ({type(error).__name__}: {error}).",
        f"Your picture is unchanged. Details are in the log: {log_path}",
    )
