"""A connection to the daemon and the jobs on it."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import errors, zmtp
from .connection_file import Daemon, find_daemon, forget_daemon, is_gone, is_unproven
from .errors import ClientError
from .messages import MAGIC, MOST_REFERENCES, PROTOCOL, Event, Frame, Result, digest, result_of
from .zmtp import AnotherProgramError, Buffer, Dealer


class _Outgoing(NamedTuple):
    identifier: str
    header: bytes
    frames: list[Buffer]


class Job:
    """A request and its progress. ``poll`` never blocks longer than its timeout; the client's thread does the work.

    Attributes:
        state: ``"sending"``, ``"running"`` (also while it waits in the daemon's queue), ``"done"``, ``"failed"``
            or ``"cancelled"``; changes only inside ``poll``.
        progress: (stage, fraction of the whole from 0 to 1); stages are ``"sending"``, ``"queued"``,
            ``"reading"``, ``"references"``, ``"network"``, ``"applying"`` and ``"receiving"``.
        result: the daemon's answer, once the state is ``"done"``.
        error: the reason, once the state is ``"failed"``.
        counts: photos that have been dealt with and all of them, while a folder is read into a gallery.
        answer: header of the daemon's last message.
    """

    def __init__(self, client: Client, identifier: str) -> None:
        self.identifier = identifier
        self.state = "sending"
        self.progress: tuple[str, float] = ("sending", 0.0)
        self.result: Result | None = None
        self.error: ClientError | None = None
        self.answer: dict[str, Any] = {}
        self.counts = (0, 0)
        self._client = client
        self._cancelled = False
        self._arrived: queue.Queue[tuple[dict[str, Any], Any]] = queue.Queue()

    @property
    def finished(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self.state in ("done", "failed", "cancelled")

    def poll(self, timeout: float = 0.0) -> list[Event]:
        """Return what has happened since the last call, oldest first; wait at most ``timeout`` seconds for an event."""
        events: list[Event] = []
        while not self.finished:
            try:
                header, body = self._arrived.get(timeout=timeout) if timeout > 0 else self._arrived.get_nowait()
            except queue.Empty:
                break
            timeout = 0.0
            events.append(self._take(header, body))
        return events

    def wait(self, on_event: Callable[[Event], Any] | None = None) -> Result | None:
        """Wait until the job has finished; return the result, or None if it was cancelled.

        Raises:
            ClientError: the job failed.
        """
        while not self.finished:
            for event in self.poll(0.1):
                if on_event is not None:
                    on_event(event)
        if self.error is not None:
            raise self.error
        return self.result

    def cancel(self) -> None:
        """Ask the daemon to drop the job; a later ``poll`` sets the state to ``"cancelled"``, never to ``"done"``."""
        if not self.finished and not self._cancelled:
            self._cancelled = True
            self._client._cancel(self.identifier)

    def _take(self, header: dict[str, Any], body: Any) -> Event:
        kind = header["type"]
        if kind == "progress":
            self.state = "running"
            self.progress = (str(header.get("stage", "")), float(header.get("fraction", 0.0)))
            self.counts = (int(header.get("done", 0)), int(header.get("total", 0)))
            return Event(kind, *self.progress)
        if self._cancelled and kind != "error":
            kind = "cancelled"
        self.state = {"error": "failed", "cancelled": "cancelled"}.get(kind, "done")
        if kind == "error":
            self.error = body
        elif kind == "result":
            self.result = body
            self.progress = ("receiving", 1.0)
        self.answer = header
        return Event(kind, *self.progress)


class Client:
    """A connection to a running daemon. Made by :meth:`connect` or :func:`ensure_daemon`; close it after use.

    Attributes:
        daemon: the contents of the connection file (pid, version, log).
        hello: the daemon's answer to hello: version, capabilities, galleries ({"name", "photos"}), max_frame_bytes.
    """

    def __init__(self, daemon: Daemon, dealer: Dealer) -> None:
        self.daemon = daemon
        self.hello: dict[str, Any] = {}
        self._dealer = dealer
        self._jobs: dict[str, Job] = {}
        self._outbox: collections.deque[_Outgoing] = collections.deque()
        self._lock = threading.Lock()
        self._seen_nonces: set[bytes] = set()
        self._failure: ClientError | None = None
        self._closing = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="raiha-client", daemon=True)
        self._thread.start()

    @classmethod
    def connect(cls, runtime_folder: str | Path | None = None, name: str = "raiha_client") -> Client:
        """Connect to the running daemon and greet it.

        Args:
            runtime_folder: where the connection file is; None: where the daemon puts it.
            name: the client's name in the daemon's log, e.g. ``"krita 5.2"``.

        Raises:
            ClientError: ``no-daemon``, ``other-version``, ``wrong-key``, ``damaged-connection-file``,
                ``foreign-connection-file``, ``no-answer``.
        """
        daemon = find_daemon(runtime_folder)
        if daemon is None:
            raise errors.no_daemon()
        other_version = daemon.protocol != PROTOCOL
        # A daemon of another version is not asked: without its lock, nothing shows that it lives.
        if is_gone(daemon, runtime_folder) or (other_version and is_unproven(daemon, runtime_folder)):
            forget_daemon(daemon, runtime_folder)
            raise errors.no_daemon()
        if other_version:
            raise errors.other_version(daemon, PROTOCOL)
        try:
            return cls._greeted(daemon, name)
        except (ConnectionRefusedError, AnotherProgramError) as error:
            forget_daemon(daemon, runtime_folder)
            raise errors.no_daemon() from error
        except (OSError, ClientError) as error:
            if _is_silence(error) and is_unproven(daemon, runtime_folder):
                forget_daemon(daemon, runtime_folder)
                raise errors.no_daemon() from error
            if isinstance(error, ClientError):
                raise
            raise errors.no_answer(daemon, str(error)) from error

    @classmethod
    def _greeted(cls, daemon: Daemon, name: str) -> Client:
        client = cls(daemon, zmtp.dial(daemon.endpoint))
        try:
            client.hello = client.ask("hello", protocol=PROTOCOL, client=name)
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> Client:
        """Return the client, which is connected already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the daemon cancels the jobs of a client that has gone."""
        self._closing = True
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(zmtp.CONNECT_SECONDS)

    def galleries(self) -> list[dict[str, Any]]:
        """Return the current galleries: [{"name", "photos"}]."""
        self.hello = self.ask("hello", protocol=PROTOCOL, client="raiha_client")
        found: list[dict[str, Any]] = self.hello.get("galleries", [])
        return found

    def status(self) -> dict[str, Any]:
        """Return pid, version, protocol, uptime_s, memory_mb, queue, busy, weights_loaded and log."""
        return self.ask("status")

    def stop_daemon(self) -> None:
        """Ask the daemon to stop; it cancels what it is doing."""
        self.ask("stop")

    def harmonize(
        self,
        layer: Frame,
        background: Frame,
        mask: Frame | None = None,
        profile: bytes | None = None,
        offset: tuple[int, int] = (0, 0),
        strength: float = 1.0,
        adjust: Mapping[str, float] | None = None,
        adjustment: Mapping[str, Any] | None = None,
        only: str | None = None,
        gallery: str | None = None,
        references: Sequence[str] = (),
        excluded: Sequence[str] = (),
        max_references: int = MOST_REFERENCES,
        preview_side: int | None = None,
        view: Sequence[int] | None = None,
        finishing: Mapping[str, bool] | None = None,
    ) -> Job:
        """Send a layer to be harmonized with its picture, and return at once.

        Args:
            layer: straight (not premultiplied) alpha; comes back in the same order and dtype.
            background: the flattened picture without the layer, same dtype and profile as the layer.
            mask: GRAY uint8 of the layer's size, 255 = object; None: the layer's alpha is the mask.
            profile: ICC profile of layer and background; None means sRGB.
            offset: the layer's top left corner in the background, pixels; may be negative.
            strength: 0 (untouched) to 1.5.
            adjust: numbers that replace those of the network's adjustment, by name.
            adjustment: a whole adjustment, as ``Result.adjustments`` has it, to apply without the network.
            only: ``"colour"`` or ``"luminance"`` to change nothing else.
            gallery: name of the gallery searched for references; None: no search.
            references: paths of photos that are always used, in addition to those found in the gallery.
            excluded: paths of photos that are never used.
            max_references: the most references to use, 0 to ``MOST_REFERENCES``.
            preview_side: request small pictures with this longer side in place of the layer.
            view: x, y, width and height of the background that a preview shows as it is, without the network.
            finishing: ``clean_edge``, ``match_grain`` and ``match_sharpness``, what is done after the colours.

        The frames' data is not copied: do not change it while the job's state is ``"sending"``.
        """
        frames: list[Buffer] = []

        def descriptor(frame: Frame | None) -> dict[str, Any] | None:
            if frame is None:
                return None
            frames.append(frame.data)
            return frame.descriptor(len(frames) - 1)

        fields: dict[str, Any] = {
            "layer": descriptor(layer),
            "mask": descriptor(mask),
            "background": descriptor(background),
            "offset": list(offset),
            "profile": None if profile is None else {"frame": len(frames), "bytes": len(profile)},
            "strength": strength,
            "adjust": dict(adjust or {}),
            "adjustment": None if adjustment is None else dict(adjustment),
            "only": only,
            "gallery": gallery,
            "references": [str(path) for path in references],
            "excluded": [str(path) for path in excluded],
            "max_references": max_references,
            "preview_side": preview_side,
            "view": None if view is None else list(view),
            "finishing": dict(finishing or {}),
        }
        return self._post("harmonize", fields, frames if profile is None else [*frames, profile])

    def index(self, folder: str, gallery: str) -> Job:
        """Have a folder of photos read into a gallery, which is made when there is none, and return at once.

        The job's ``counts`` say how far it is; its ``answer`` has the photos of the gallery, and what was skipped.
        """
        return self._post("index", {"folder": folder, "gallery": gallery}, [])

    def photos(self, gallery: str, begin: int = 0) -> dict[str, Any]:
        """Return a page of a gallery's photos, from number ``begin`` on: {"total", "photos": [path]}."""
        return self.ask("photos", gallery=gallery, begin=begin)

    def remove_gallery(self, gallery: str) -> None:
        """Remove a gallery; the photos themselves stay where they are."""
        self.ask("remove-gallery", gallery=gallery)

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a short request (hello, status, stop) and return its answer, usually within milliseconds."""
        job = self._post(kind, fields, [])
        deadline = time.monotonic() + 2 * zmtp.CONNECT_SECONDS
        while not job.finished:
            job.poll(0.1)
            if time.monotonic() > deadline:
                raise errors.no_answer(self.daemon, f"no answer to {kind}")
        if job.error is not None:
            raise job.error
        return job.answer

    def _post(self, kind: str, fields: dict[str, Any], frames: list[Buffer]) -> Job:
        limit = int(self.hello.get("max_frame_bytes", zmtp.SMALL_FRAME))
        if any(memoryview(frame).nbytes > limit for frame in frames):
            raise errors.frame_too_large(limit, self.daemon.log)
        job = Job(self, os.urandom(16).hex())
        header = {"type": kind, "id": job.identifier, "time": time.time(), **fields}
        with self._lock:
            if self._failure is not None:
                raise self._failure
            self._jobs[job.identifier] = job
            self._outbox.append(_Outgoing(job.identifier, json.dumps(header).encode(), frames))
        self._wake()
        return job

    def _cancel(self, identifier: str) -> None:
        header = {"type": "cancel", "id": identifier, "time": time.time()}
        with self._lock:
            unsent = [message for message in self._outbox if message.identifier == identifier]
            for message in unsent:
                self._outbox.remove(message)
            job = self._jobs.pop(identifier, None) if unsent else None
            if not unsent:
                self._outbox.append(_Outgoing(identifier, json.dumps(header).encode(), []))
        if job is not None:
            job._arrived.put(({"type": "cancelled"}, None))
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # The thread has ended and closed its socket: there is nobody to wake.
            self._wake_out.send(b"\0")

    # All methods below run in the thread.

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._dealer.socket, selectors.EVENT_READ, True)
        selector.register(self._wake_in, selectors.EVENT_READ, False)
        try:
            while not self._closing:
                readable = [key.data for key, _ in selector.select()]
                if False in readable:
                    self._wake_in.recv(4096)
                self._send_waiting()
                if True in readable:
                    self._receive()
            self._fail(errors.closed())
        except ClientError as error:
            self._fail(error)
        except Exception as error:
            self._fail(errors.connection_closed(self.daemon, error))
        finally:
            selector.close()
            self._dealer.close()
            self._wake_in.close()
            self._wake_out.close()

    def _fail(self, error: ClientError) -> None:
        with self._lock:
            self._failure = error
            jobs = list(self._jobs.values())
            self._jobs.clear()
            self._outbox.clear()
        for job in jobs:
            job._arrived.put(({"type": "error"}, error))

    def _send_waiting(self) -> None:
        while True:
            with self._lock:
                if not self._outbox:
                    return
                message = self._outbox.popleft()
            nonce = os.urandom(16)
            signature = digest(self.daemon.key, nonce, message.header, message.frames)
            self._dealer.send([MAGIC, nonce, signature, message.header, *message.frames])

    def _receive(self) -> None:
        while True:
            parts = self._dealer.receive()
            if parts is not None:
                self._deliver(parts)
            if not self._dealer.pending:
                return

    def _deliver(self, parts: list[bytearray]) -> None:
        if len(parts) < 4 or bytes(parts[0]) != MAGIC:
            raise ConnectionError(f"an answer in another protocol than {PROTOCOL}")
        import hmac  # here, for an editor starts sooner without it

        nonce = bytes(parts[1])
        expected = digest(self.daemon.key, nonce, parts[3], parts[4:])
        if not hmac.compare_digest(expected, bytes(parts[2])):
            raise errors.wrong_key(self.daemon)
        if nonce in self._seen_nonces:
            raise ConnectionError("an answer came twice")
        self._seen_nonces.add(nonce)
        header = json.loads(bytes(parts[3]))
        if header["type"] == "error" and header["id"] is None:
            raise self._error_of(header)
        body = self._body(header, parts[4:])
        with self._lock:
            final = header["type"] != "progress"
            job = self._jobs.pop(header.get("id"), None) if final else self._jobs.get(header.get("id"))
        if job is not None:
            job._arrived.put((header, body))

    def _error_of(self, header: dict[str, Any]) -> ClientError:
        return ClientError(header["code"], header["sentence"], header["remedy"], self.daemon.log)

    def _body(self, header: dict[str, Any], frames: list[bytearray]) -> Any:
        if header["type"] == "error":
            return self._error_of(header)
        if header["type"] != "result":
            return None
        return result_of(header, frames)


def _is_silence(error: Exception) -> bool:
    """Whether a greeting failed as it does at another program's port."""
    return isinstance(error, OSError) or (
        isinstance(error, ClientError) and error.code in ("no-answer", "connection-closed")
    )
