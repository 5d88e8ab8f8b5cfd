"""The daemon's main loop: receive messages, answer the short ones, and hand jobs to the worker."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
import zmq

from raiha.backend.daemon.authentication import MAX_PARTS, ReplayGuard, other_version, seal, seal_for, split
from raiha.backend.daemon.connection import (
    Connection,
    RuntimeFolder,
)
from raiha.backend.daemon.gallery_messages import folder_of, gallery_of, photos_answer, remove_answer
from raiha.backend.daemon.history import History, engine
from raiha.backend.daemon.indexing import Indexing
from raiha.backend.daemon.jobs import Job, JobKey, PipelineLike, Worker, described
from raiha.backend.daemon.log import log_path
from raiha.backend.daemon.protocol import PROTOCOL, BadMessage, Header, error_header, parse_header
from raiha.backend.daemon.wakeup import Wakeup
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.folders import runtime_folder

log = logging.getLogger("raiha.daemon")

CAPABILITIES = ["harmonize", "index", "preview", "references", "cancel", "gray", "float16", "float32", "uint16"]
GALLERY_ANSWERS = {"photos": photos_answer, "remove-gallery": remove_answer}
"""What answers the short messages about galleries."""


@dataclass(frozen=True)
class Limits:
    """Limits that protect the daemon from its clients.

    Attributes:
        frame_bytes: the largest frame; a larger one is refused before memory is allocated for it.
        verify_at_once_bytes: messages up to this size are verified before anything is done about them, larger ones
            beside the work on their pixels, and only those of clients that have said hello.
        jobs: jobs that may be waiting or running.
        jobs_of_client: the same of one client, so that none can keep the others out.
        waiting_bytes: that waiting jobs may take together, unless it is a single one.
        peers: clients whose hello is remembered.
        handshake_seconds: for a connection's ZMTP handshake.
        heartbeat_seconds: between PINGs.
        silence_seconds: after which a client that answers no PING is given up.
        tick_seconds: between looks at what is due; also between signs of life to clients with jobs.
        ending_seconds: for the running job to notice that the daemon ends.
    """

    frame_bytes: int = 1 << 31
    verify_at_once_bytes: int = 4 << 20
    jobs: int = 64
    jobs_of_client: int = 4
    waiting_bytes: int = 4 << 30
    peers: int = 1024
    handshake_seconds: float = 10.0
    heartbeat_seconds: float = 5.0
    silence_seconds: float = 60.0
    tick_seconds: float = 0.5
    ending_seconds: float = 10.0


class Server:
    """One daemon.

    Args:
        pipeline_factory: makes what does the work, when the first job comes.
        galleries: the galleries that clients may name: [{"name", "photos"}].
        port: TCP port on 127.0.0.1; 0 takes a free one.
        idle_seconds: without a job, after which the weights are released.
        unused_seconds: without a job and without a client that is connected, after which the daemon ends; None: never.
        device: where the network runs, for status.
        limits: see ``Limits``.
    """

    def __init__(
        self,
        pipeline_factory: Callable[[], PipelineLike],
        galleries: Callable[[], list[dict[str, Any]]] = list,
        port: int = 0,
        idle_seconds: float = 300.0,
        unused_seconds: float | None = None,
        device: str = "auto",
        limits: Limits | None = None,
    ) -> None:
        self._galleries = galleries
        self._port = port
        self._idle_seconds = idle_seconds
        self._unused_seconds = unused_seconds
        self._device = device
        self._limits = limits or Limits()
        self._history = History()
        self._key = secrets.token_bytes(32)
        self._wakeup = Wakeup()
        self._log_path = log_path()
        self._worker = Worker(pipeline_factory, self._key, self._wakeup.notify, self._log_path)
        self._guard = ReplayGuard()
        self._jobs: dict[JobKey, Job] = {}
        self._indexing: Indexing | None = None
        self._sent_progress: dict[JobKey, tuple[str, float]] = {}
        self._peers: dict[bytes, None] = {}
        self._ending = False
        self._mending_failed = False
        self._began = time.monotonic()
        self._last_job = time.monotonic()
        self._last_use = time.monotonic()

    def stop(self) -> None:
        """Make ``run`` return soon; may be called from a signal handler or from any thread."""
        self._ending = True
        self._wakeup.notify()

    def run(self, on_ready: Callable[[Connection], object] | None = None) -> None:
        """Serve until ``stop`` is called or a client sends stop.

        Args:
            on_ready: called once, when clients can connect.

        Raises:
            RaihaError: ``already-running`` or ``port-taken``.
        """
        try:
            with (
                RuntimeFolder(runtime_folder()) as folder,
                zmq.Context() as context,
                context.socket(zmq.ROUTER) as router,
            ):
                self._router = router
                self._configure(router)
                connection = self._bind(router)
                folder.announce(connection)
                try:
                    log.info("daemon %s listens on %s", connection.version, connection.endpoint)
                    if on_ready is not None:
                        on_ready(connection)
                    self._loop(folder, connection)
                finally:
                    folder.withdraw(connection)
                    self._end_jobs()
                    log.info("daemon ends")
        finally:
            self._worker.end(self._limits.ending_seconds)
            self._wakeup.close()

    def _configure(self, router: zmq.Socket[bytes]) -> None:
        limits = self._limits
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # Peers before ZMTP 3 are turned away, which a domain does also where nobody answers for it: libzmq 4.3 loses
        # memory to whatever does not begin with a greeting, and takes that for such a peer.
        router.setsockopt(zmq.ZAP_DOMAIN, b"raiha")
        router.setsockopt(zmq.MAXMSGSIZE, limits.frame_bytes)
        router.setsockopt(zmq.RCVHWM, limits.jobs_of_client)  # of each: what it sends beyond stays in its own memory
        router.setsockopt(zmq.HANDSHAKE_IVL, round(limits.handshake_seconds * 1000))
        router.setsockopt(zmq.HEARTBEAT_IVL, round(limits.heartbeat_seconds * 1000))
        router.setsockopt(zmq.HEARTBEAT_TIMEOUT, round(limits.silence_seconds * 1000))
        router.setsockopt(zmq.LINGER, 1000)

    def _bind(self, router: zmq.Socket[bytes]) -> Connection:
        try:
            router.bind(f"tcp://127.0.0.1:{self._port or '*'}")
        except zmq.ZMQError as error:
            raise RaihaError(
                "port-taken",
                f"The Raiha daemon cannot listen on port {self._port} ({error}).",
                "Give another port with --port, or leave --port out to have a free one chosen.",
            ) from error
        endpoint = router.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(endpoint, bytes)
        return Connection(
            version=importlib.metadata.version("raiha"),
            pid=os.getpid(),
            endpoint=endpoint.rstrip(b"\0").decode(),
            key=self._key,
            log=self._log_path,
        )

    def _loop(self, folder: RuntimeFolder, connection: Connection) -> None:
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._wakeup.fileno(), zmq.POLLIN)
        due = time.monotonic()
        while not self._ending:
            ready = dict(poller.poll(round(self._limits.tick_seconds * 1000)))
            if self._wakeup.fileno() in ready:
                self._wakeup.drain()
            if self._router in ready:
                self._receive_waiting()
            self._send_replies()
            is_due = time.monotonic() >= due
            self._send_progress(to_all=is_due)
            self._follow_indexing(is_due=is_due)
            if is_due:
                due = time.monotonic() + self._limits.tick_seconds
                self._release_if_idle()
                self._end_if_unused()
                self._mend(folder, connection)

    def _mend(self, folder: RuntimeFolder, connection: Connection) -> None:
        """Put back what a cleaner of old files has taken away: without the connection file nobody finds us."""
        try:
            folder.mend(connection)
            self._mending_failed = False
        except RaihaError as error:
            log.info("another daemon has taken over: %s", error)
            self._ending = True
        except OSError as error:  # no descriptor or no room just now: tried again at the next tick
            if not self._mending_failed:
                log.warning("the connection file cannot be put back just now: %s", error)
            self._mending_failed = True

    # Receiving

    def _receive_waiting(self) -> None:
        # A limited number, so that a client that never stops sending cannot keep replies from being sent.
        for _ in range(64):
            try:
                peer = self._router.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._receive(peer, self._receive_parts())

    def _receive_parts(self) -> list[memoryview]:
        """Return the rest of a message; if it has too many parts, only as many as show that."""
        parts: list[memoryview] = []
        while self._router.getsockopt(zmq.RCVMORE):
            part = self._router.recv(copy=False)
            if len(parts) <= MAX_PARTS:
                parts.append(part.buffer)
        return parts

    def _receive(self, peer: bytes, parts: list[memoryview]) -> None:
        self._last_use = time.monotonic()
        identifier: str | None = None
        try:
            message = split(parts)
            if message.size <= self._limits.verify_at_once_bytes:
                message.verify(self._key)
            elif peer not in self._peers:
                raise RaihaError("no-hello", "The message came before a hello.", "Say hello first.")
            header = parse_header(message.header)
            self._guard.admit(message.nonce, header.get("time"))
            identifier = header["id"]
            if header["type"] == "harmonize":
                self._accept(Job((peer, header["id"]), message))
            elif message.frames:
                raise BadMessage("it has frames that its type does not need")
            else:
                self._answer(peer, header)
        except RaihaError as error:
            log.info("message refused: %s", error.code)
            log.debug("%s", error)
            self._send(
                peer, seal_for(bytes(parts[0][:16]) if parts else b"", self._key, error_header(identifier, error))
            )
        except Exception as error:  # A message, or a damaged gallery, must not end the daemon for everybody.
            log.exception("message not understood")
            self._send(peer, seal(self._key, error_header(identifier, described(error, self._log_path))))

    def _accept(self, job: Job) -> None:
        if job.key in self._jobs:
            raise BadMessage("its id is in use")
        limits = self._limits
        of_client = sum(peer == job.key[0] for peer, _ in self._jobs)
        waiting_bytes = sum(other.size for other in self._jobs.values())
        if of_client >= limits.jobs_of_client:
            raise _busy(f"{of_client} jobs of this program are")
        if len(self._jobs) >= limits.jobs or (waiting_bytes and waiting_bytes + job.size > limits.waiting_bytes):
            raise _busy(f"{len(self._jobs)} jobs are")
        self._jobs[job.key] = job
        self._worker.submit(job)

    def _answer(self, peer: bytes, header: Header) -> None:
        kind, identifier = header["type"], header["id"]
        if kind == "cancel":
            self._cancel((peer, identifier))
        elif kind == "hello":
            self._send(peer, seal(self._key, {"type": "hello", "id": identifier, **self._hello(peer, header)}))
        elif kind == "status":
            self._send(peer, seal(self._key, {"type": "status", "id": identifier, **self._status()}))
        elif kind == "index":
            self._index((peer, identifier), header)
        elif kind in GALLERY_ANSWERS:
            self._send(peer, seal(self._key, {"type": kind, "id": identifier, **GALLERY_ANSWERS[kind](header)}))
        elif kind == "stop":
            self._send(peer, seal(self._key, {"type": "stop", "id": identifier}))
            self._ending = True
        else:
            raise BadMessage("its type is unknown")

    def _index(self, key: JobKey, header: Header) -> None:
        if self._indexing is not None:
            raise _busy("A folder of photos is being read; the next is")
        self._indexing = Indexing(key, gallery_of(header), folder_of(header), self._wakeup.notify)
        log.info("a folder is being read")

    def _follow_indexing(self, *, is_due: bool) -> None:
        """Send how far the reading of a folder is, and its outcome."""
        indexing = self._indexing
        if indexing is None:
            return
        if indexing.reply is not None:
            self._indexing = None
            self._last_job = self._last_use = time.monotonic()
            self._send(indexing.key[0], seal(self._key, indexing.reply))
        elif is_due:
            self._send(indexing.key[0], seal(self._key, indexing.progress()))

    def _hello(self, peer: bytes, header: Header) -> Header:
        if header.get("protocol") != PROTOCOL:
            raise other_version("the client uses another one")
        self._peers[peer] = None
        if len(self._peers) > self._limits.peers:
            del self._peers[next(iter(self._peers))]
        log.info("hello from %s", str(header.get("client"))[:64])
        return {
            "protocol": PROTOCOL,
            "version": importlib.metadata.version("raiha"),
            "pid": os.getpid(),
            "capabilities": CAPABILITIES,
            "galleries": self._galleries(),
            "log": str(self._log_path),
            "max_frame_bytes": self._limits.frame_bytes,
        }

    def _status(self) -> Header:
        return {
            "pid": os.getpid(),
            "version": importlib.metadata.version("raiha"),
            "protocol": PROTOCOL,
            "uptime_s": round(time.monotonic() - self._began, 1),
            "memory_mb": _memory_of_all_processes() >> 20,
            "queue": self._worker.waiting,
            "busy": self._worker.busy,
            "weights_loaded": self._worker.weights_loaded,
            "worker_pid": self._worker.process,
            "engine": engine(),
            "device": self._device,
            "log": str(self._log_path),
            **self._history.as_json(),
        }

    # Jobs

    def _cancel(self, key: JobKey) -> None:
        if self._indexing is not None and self._indexing.key == key:
            self._indexing.cancel()
        job = self._jobs.get(key)
        if job is not None and self._worker.withdraw(job):
            self._forget(key)
            self._send(key[0], seal(self._key, {"type": "cancelled", "id": key[1]}))

    def _forget(self, key: JobKey) -> None:
        self._jobs.pop(key, None)
        self._sent_progress.pop(key, None)
        self._last_job = self._last_use = time.monotonic()

    def _send_replies(self) -> None:
        for job in list(self._jobs.values()):
            reply, job.reply = job.reply, None
            if reply is None:
                continue
            self._forget(job.key)
            if job.cancelled.is_set():
                reply = seal(self._key, {"type": "cancelled", "id": job.key[1]})
            seconds = time.monotonic() - job.received
            self._history.add(seconds, job.error_code)
            self._send(job.key[0], reply)
            log.info("job %s: %.4f s from receipt to reply", job.key[1], seconds)

    def _send_progress(self, to_all: bool) -> None:
        """Send the progress of jobs that have advanced; ``to_all`` includes the others, to notice who has gone."""
        for job in list(self._jobs.values()):
            stage, fraction = job.progress
            if job.key not in self._jobs or job.cancelled.is_set():
                continue
            if to_all or self._sent_progress.get(job.key) != (stage, fraction):
                self._sent_progress[job.key] = (stage, fraction)
                header = {"type": "progress", "id": job.key[1], "stage": stage, "fraction": fraction}
                self._send(job.key[0], seal(self._key, header))

    def _release_if_idle(self) -> None:
        is_idle = not self._jobs and time.monotonic() - self._last_job >= self._idle_seconds
        if is_idle and self._worker.weights_loaded:
            self._worker.release()

    def _end_if_unused(self) -> None:
        if self._unused_seconds is None or time.monotonic() - self._last_use < self._unused_seconds:
            return
        self._last_use = time.monotonic()
        for peer in list(self._peers):  # those that are gone cannot be sent anything, and are forgotten
            self._send(peer, seal(self._key, {"type": "progress", "id": "-", "stage": "queued", "fraction": 0.0}))
        if not self._peers and not self._jobs and self._indexing is None:
            log.info("nobody has used the daemon for %.0f s", self._unused_seconds)
            self._ending = True

    def _end_jobs(self) -> None:
        if self._indexing is not None:
            self._indexing.cancel()
        for peer, identifier in list(self._jobs):
            error = RaihaError(
                "stopped",
                "The Raiha daemon was stopped while it was working.",
                "Your picture is unchanged. Run Harmonize again: it starts the daemon.",
            )
            self._send(peer, seal(self._key, error_header(identifier, error)))

    def _send(self, peer: bytes, parts: list[Any]) -> None:
        """Send a message; if the client has gone, cancel its jobs."""
        try:
            self._router.send_multipart([peer, *parts], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            log.info("a client cannot be reached (%s)", error)
            if error.errno == zmq.EHOSTUNREACH:
                self._peers.pop(peer, None)
            if self._indexing is not None and self._indexing.key[0] == peer:
                self._indexing.cancel()
            for job in [job for job in self._jobs.values() if job.key[0] == peer]:
                if self._worker.withdraw(job):
                    self._forget(job.key)


def _busy(who: str) -> RaihaError:
    return RaihaError("busy", f"{who} waiting for the Raiha daemon already.", "Try again when some of them are done.")


def _memory_of_all_processes() -> int:
    """Return the bytes that the daemon and its worker process have in memory."""
    daemon = psutil.Process()
    total = int(daemon.memory_info().rss)
    for process in daemon.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            total += process.memory_info().rss
    return total
