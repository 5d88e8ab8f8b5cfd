"""Talks to the Raiha daemon from inside an editor: one file, standard library only, Python 3.8 and later.

All socket work and all hashing happen in one plain thread of the :class:`Client`, so an editor polls its
:class:`Job` from a timer (every 20 ms, say) and its window stays alive, whatever the size of the layer::

    client = ensure_daemon(command, on_wait=process_events)     # starts a daemon if there is none
    job = client.harmonize(
        layer=Frame(pixels, width, height, "BGRA", "uint8"),    # any buffer: bytes, bytearray, memoryview
        background=Frame(picture, picture_width, picture_height, "BGRA", "uint8"),
        offset=(x, y), profile=icc_bytes, gallery="photos")
    # in the timer:
    for event in job.poll():
        show(event.stage, event.fraction)
    if job.state == "done":
        layer.setPixelData(job.result.layer.data, x, y, width, height)
    elif job.state == "failed":
        show_error(job.error.sentence, job.error.remedy, job.error.log_path)
    # on Cancel: job.cancel(), then keep polling until job.finished

Nothing but :class:`ClientError` is raised for a failure outside the caller's own code, and its sentences are
meant to be shown as they are. The wire format is in ``docs/protocol.md``.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import hmac
import json
import os
import queue
import secrets
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PROTOCOL = 1
MAGIC = b"raiha1"
CONNECTION_FILE = "raiha-daemon.json"
START_LOG = "raiha-daemon-start.log"

_DTYPE_SIZES = {"uint8": 1, "uint16": 2, "float16": 2, "float32": 4}
_ORDER_CHANNELS = {"RGBA": 4, "BGRA": 4, "RGB": 3, "BGR": 3, "GRAYA": 2, "GRAY": 1}
_CONNECT_SECONDS = 5.0
_STALL_SECONDS = 60.0
"""A transfer in which not one byte moves for so long is given up."""
_SECOND_CHANCE_SECONDS = 3.0
_CHUNK = 1 << 20
_CURED_BY_START = ("no-daemon", "damaged-connection-file", "wrong-key")
"""A daemon that lives mends its connection file twice a second, so these mean that there is none."""
_SMALL_FRAME = 64 << 20
"""Frames up to this size are accepted whatever was sent; larger ones only up to the largest frame sent."""
_MAX_FRAMES = 256

Buffer = Any
"""Anything that the buffer protocol reads: bytes, bytearray, memoryview, array, QByteArray's memoryview."""


class ClientError(Exception):
    """A failure to be shown to the user as it is.

    Attributes:
        code: short stable name, e.g. ``"no-daemon"``, ``"other-version"``, ``"wrong-key"``,
            ``"connection-closed"``, ``"damaged-connection-file"``, ``"cannot-start"``, or a code of the daemon.
        sentence: what is wrong.
        remedy: what to do about it.
        log_path: where the daemon's log is, if known.
    """

    def __init__(self, code: str, sentence: str, remedy: str, log_path: str | None = None) -> None:
        super().__init__(sentence + " " + remedy)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.log_path = log_path


class Frame:
    """Pixels and what they are.

    Attributes:
        data: width * height * channels values, rows from the top, no padding; not copied.
        width: pixels.
        height: pixels.
        order: ``"RGBA"``, ``"BGRA"``, ``"RGB"``, ``"BGR"``, ``"GRAYA"`` or ``"GRAY"``.
        dtype: ``"uint8"``, ``"uint16"``, ``"float16"`` or ``"float32"``, of this machine's byte order.
    """

    def __init__(self, data: Buffer, width: int, height: int, order: str = "RGBA", dtype: str = "uint8") -> None:
        if order not in _ORDER_CHANNELS or dtype not in _DTYPE_SIZES or width < 1 or height < 1:
            raise ValueError(f"no such frame: {width!r} x {height!r} {order!r} {dtype!r}")
        self.data = data
        self.width = width
        self.height = height
        self.order = order
        self.dtype = dtype
        expected = width * height * _ORDER_CHANNELS[order] * _DTYPE_SIZES[dtype]
        if memoryview(data).nbytes != expected:
            raise ValueError(f"{memoryview(data).nbytes} bytes instead of {expected}")

    def descriptor(self, number: int) -> dict[str, Any]:
        """The frame as the header describes it; ``number`` counts the message's pixel frames from 0."""
        shape = [self.height, self.width, _ORDER_CHANNELS[self.order]]
        return {"frame": number, "shape": shape, "dtype": self.dtype, "order": self.order}


class Reference(NamedTuple):
    """A photo that took part; the numbers are None for one that the user chose. ``thumbnail`` is a JPEG."""

    path: str
    score: float | None
    content: float | None
    appearance: float | None
    thumbnail: bytes


class Result(NamedTuple):
    """What a job gave: ``layer`` as it was sent, or for a preview its pictures (RGB uint8) by name."""

    layer: Frame | None
    preview: dict[str, Frame]
    references: list[Reference]
    seconds: dict[str, float]


class Event(NamedTuple):
    """``kind`` is ``"progress"``, ``"result"``, ``"error"`` or ``"cancelled"``; the rest is for progress."""

    kind: str
    stage: str
    fraction: float


class Daemon(NamedTuple):
    """What the connection file says."""

    protocol: int
    version: str
    pid: int
    endpoint: str
    key: bytes
    log: str


def runtime_folders() -> list[Path]:
    """The folders where a daemon of this user may have left its connection file, best first.

    The same as ``raiha.gallery_tools.folders.runtime_folder``, for which an editor's Python lacks platformdirs.
    """
    if os.environ.get("RAIHA_RUNTIME_DIR"):
        return [Path(os.environ["RAIHA_RUNTIME_DIR"])]
    if os.name == "nt":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return [Path(local) / "Temp" / "raiha"]
    if sys.platform == "darwin":
        return [Path.home() / "Library" / "Caches" / "TemporaryItems" / "raiha"]
    user = os.getuid()
    candidates = [os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{user}", f"/var/run/user/{user}"]
    candidates.append(f"{tempfile.gettempdir()}/runtime-{user}")
    return [Path(folder) / "raiha" for folder in candidates if folder]


def find_daemon(runtime_folder: str | Path | None = None) -> Daemon | None:
    """The daemon that the connection file names, or None if there is no such file.

    Raises:
        ClientError: the file is damaged, or of a daemon that speaks another protocol.
    """
    folders = runtime_folders() if runtime_folder is None else [Path(runtime_folder)]
    for folder in folders:
        try:
            return _parse_connection_file((folder / CONNECTION_FILE).read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ClientError(
                "damaged-connection-file",
                f"The file {folder / CONNECTION_FILE} cannot be read ({error}).",
                "Stop the Raiha daemon if it is running, delete the file and try again.",
            ) from error
    return None


def _parse_connection_file(text: bytes) -> Daemon:
    fields = json.loads(text)
    daemon = Daemon(
        protocol=int(fields["protocol"]),
        version=str(fields["version"]),
        pid=int(fields["pid"]),
        endpoint=str(fields["endpoint"]),
        key=bytes.fromhex(fields["key"]),
        log=str(fields["log"]),
    )
    kind, separator, address = daemon.endpoint.partition("://")
    port = address.rpartition(":")[2]
    if kind != "tcp" or not separator or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("its endpoint is not a TCP address")
    if not 16 <= len(daemon.key) <= 64:
        raise ValueError("its key has a wrong length")
    return daemon


def _forget_stale(daemon: Daemon, runtime_folder: str | Path | None) -> None:
    """Removes the connection file of a daemon that is gone, unless a new daemon has written its own since."""
    folders = runtime_folders() if runtime_folder is None else [Path(runtime_folder)]
    for folder in folders:
        try:
            if _parse_connection_file((folder / CONNECTION_FILE).read_bytes()) == daemon:
                (folder / CONNECTION_FILE).unlink()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def digest(key: bytes, nonce: bytes, header: Buffer, frames: Sequence[Buffer]) -> bytes:
    """The 32 bytes that authenticate a message: keyed BLAKE2b over nonce, header and all frames with lengths."""
    state = hashlib.blake2b(nonce, key=key, digest_size=32)
    for part in [header, *frames]:
        view = memoryview(part).cast("B")
        state.update(struct.pack(">Q", view.nbytes))
        state.update(view)
    return state.digest()


class _AnotherProgramError(ConnectionError):
    """The port belongs to a program that is not a Raiha daemon, so the daemon that had it is gone."""


class _Dealer:
    """A ZMTP 3.0 DEALER socket (NULL mechanism, TCP) whose calls block, for one thread. RFC 23 and 28."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.partition("://")[2].rpartition(":")
        self.socket = socket.create_connection((host, int(port)), _CONNECT_SECONDS)
        self.pending = bytearray()
        self.largest_frame = _SMALL_FRAME
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands()
        except BaseException:
            self.socket.close()
            raise
        self.socket.settimeout(_STALL_SECONDS)

    def _shake_hands(self) -> None:
        # Greeting: signature 10, version 2, mechanism 20, as-server 1, filler 31.
        self.socket.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" * 32)
        greeting = self._exactly(64)
        if greeting[0] != 0xFF or greeting[9] != 0x7F or greeting[10] < 3:
            raise _AnotherProgramError("what answers does not speak ZMTP 3")
        if bytes(greeting[12:32]).rstrip(b"\0") != b"NULL":
            raise _AnotherProgramError("what answers wants another security mechanism")
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        ready += b"\x08Identity" + struct.pack(">I", 0)
        self.socket.sendall(bytes([4, len(ready)]) + ready)
        flags, body = self._frame()
        if not flags & 4 or not bytes(body[:6]) == b"\x05READY":
            raise ConnectionError("the handshake was refused")

    def _exactly(self, count: int) -> bytearray:
        """The next ``count`` bytes; large counts go straight into their own memory."""
        while len(self.pending) < count <= 1 << 16:
            received = self.socket.recv(1 << 16)
            if not received:
                raise ConnectionError("connection closed")
            self.pending += received
        if len(self.pending) >= count:
            out = self.pending[:count]
            del self.pending[:count]
            return out
        out = bytearray(count)
        filled = len(self.pending)
        out[:filled] = self.pending
        self.pending.clear()
        view = memoryview(out)
        while filled < count:
            received_now = self.socket.recv_into(view[filled : filled + 4 * _CHUNK])
            if not received_now:
                raise ConnectionError("connection closed")
            filled += received_now
        return out

    def _frame(self) -> tuple[int, bytearray]:
        flags = self._exactly(1)[0]
        length = int.from_bytes(self._exactly(8 if flags & 2 else 1), "big")
        if flags & ~7 or length > (1 << 16 if flags & 4 else self.largest_frame):
            raise ConnectionError("a frame that cannot be right was announced")
        return flags, self._exactly(length)

    def receive(self) -> list[bytearray] | None:
        """The next message, or None when it was a command (a PING is answered)."""
        parts: list[bytearray] = []
        while True:
            flags, body = self._frame()
            if flags & 4:
                if bytes(body[:5]) == b"\x04PING":
                    pong = b"\x04PONG" + bytes(body[7:23])
                    self.socket.sendall(bytes([4, len(pong)]) + pong)
                if not parts:
                    return None
                continue
            parts.append(body)
            if len(parts) > _MAX_FRAMES:
                raise ConnectionError("a message has too many frames")
            if not flags & 1:
                return parts

    def send(self, parts: Sequence[Buffer]) -> None:
        for index, part in enumerate(parts):
            view = memoryview(part).cast("B")
            more = int(index + 1 < len(parts))
            self.largest_frame = max(self.largest_frame, view.nbytes)
            short = view.nbytes < 256
            self.socket.sendall(
                bytes([more, view.nbytes]) if short else bytes([more | 2]) + struct.pack(">Q", view.nbytes)
            )
            # In pieces, because sendall's time limit is for the whole of what it is given.
            for start in range(0, view.nbytes, _CHUNK):
                self.socket.sendall(view[start : start + _CHUNK])

    def close(self) -> None:
        self.socket.close()


def _dial(endpoint: str) -> _Dealer:
    # A daemon that is just being killed still takes connections and drops them: a moment later it refuses.
    for _ in range(4):
        try:
            return _Dealer(endpoint)
        except (ConnectionRefusedError, _AnotherProgramError):
            raise
        except ConnectionError:
            time.sleep(0.1)
    return _Dealer(endpoint)


class _Outgoing(NamedTuple):
    identifier: str
    header: bytes
    frames: list[Buffer]


class Job:
    """A request on its way. ``poll`` never blocks longer than it is told to; all else is up to the thread.

    Attributes:
        state: ``"sending"``, ``"running"`` (also while it waits in the daemon's queue), ``"done"``, ``"failed"``
            or ``"cancelled"``; changes only inside ``poll``.
        progress: (stage, fraction of the whole from 0 to 1); stages are ``"sending"``, ``"queued"``,
            ``"reading"``, ``"references"``, ``"network"``, ``"applying"`` and ``"receiving"``.
        result: what the daemon gave, once the state is ``"done"``.
        error: what went wrong, once the state is ``"failed"``.
    """

    def __init__(self, client: Client, identifier: str) -> None:
        self.identifier = identifier
        self.state = "sending"
        self.progress: tuple[str, float] = ("sending", 0.0)
        self.result: Result | None = None
        self.error: ClientError | None = None
        self.answer: dict[str, Any] = {}
        self._client = client
        self._cancelled = False
        self._arrived: queue.Queue[tuple[dict[str, Any], Any]] = queue.Queue()

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "failed", "cancelled")

    def poll(self, timeout: float = 0.0) -> list[Event]:
        """What has happened since the last call, oldest first; waits at most ``timeout`` seconds for something."""
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
        """Blocks until the job has finished; the result, or None if it was cancelled.

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
        """Asks the daemon to stop; the state becomes ``"cancelled"`` in a later ``poll``, never ``"done"``."""
        if not self.finished and not self._cancelled:
            self._cancelled = True
            self._client._cancel(self.identifier)

    def _take(self, header: dict[str, Any], body: Any) -> Event:
        kind = header["type"]
        if kind == "progress":
            self.state = "running"
            self.progress = (str(header.get("stage", "")), float(header.get("fraction", 0.0)))
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
        daemon: what the connection file says (pid, version, log).
        hello: the daemon's answer to hello: version, capabilities, galleries ({"name", "photos"}), max_frame_bytes.
    """

    def __init__(self, daemon: Daemon, dealer: _Dealer) -> None:
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
        """Connects to the daemon that is running and says hello.

        Args:
            runtime_folder: where the connection file is; None looks where the daemon puts it.
            name: who connects, for the daemon's log, e.g. ``"krita 5.2"``.

        Raises:
            ClientError: ``no-daemon``, ``other-version``, ``wrong-key``, ``damaged-connection-file``, ``no-answer``.
        """
        daemon = find_daemon(runtime_folder)
        if daemon is None:
            raise _no_daemon()
        if daemon.protocol != PROTOCOL:
            raise _other_version(daemon)
        try:
            dealer = _dial(daemon.endpoint)
        except (ConnectionRefusedError, _AnotherProgramError) as error:
            _forget_stale(daemon, runtime_folder)
            raise _no_daemon() from error
        except OSError as error:
            raise _no_answer(daemon, str(error)) from error
        client = cls(daemon, dealer)
        try:
            client.hello = client.ask("hello", protocol=PROTOCOL, client=name)
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> Client:
        """Nothing to be done: the connection is there."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self.close()

    def close(self) -> None:
        """Closes the connection; the daemon cancels the jobs of a client that has gone."""
        self._closing = True
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CONNECT_SECONDS)

    def galleries(self) -> list[dict[str, Any]]:
        """The galleries as they are now: [{"name", "photos"}]."""
        self.hello = self.ask("hello", protocol=PROTOCOL, client="raiha_client")
        found: list[dict[str, Any]] = self.hello.get("galleries", [])
        return found

    def status(self) -> dict[str, Any]:
        """pid, version, protocol, uptime_s, memory_mb, queue, busy, weights_loaded, log."""
        return self.ask("status")

    def stop_daemon(self) -> None:
        """Asks the daemon to end; it cancels what it is doing."""
        self.ask("stop")

    def harmonize(
        self,
        layer: Frame,
        background: Frame,
        mask: Frame | None = None,
        profile: bytes | None = None,
        offset: tuple[int, int] = (0, 0),
        strength: float = 1.0,
        only: str | None = None,
        gallery: str | None = None,
        references: Sequence[str] = (),
        excluded: Sequence[str] = (),
        max_references: int = 4,
        preview_side: int | None = None,
    ) -> Job:
        """Sends a layer to be harmonized with the picture it lies in, and returns at once.

        Args:
            layer: straight (not premultiplied) alpha; comes back in the same order and dtype.
            background: the picture without the layer, same dtype and profile as the layer.
            mask: GRAY uint8 as large as the layer, 255 = object; None: the layer's alpha is the mask.
            profile: ICC profile of layer and background; None means sRGB.
            offset: the layer's top left corner in the background, pixels; may be negative.
            strength: 0 (untouched) to 1.
            only: ``"colour"`` or ``"luminance"`` to change nothing else.
            gallery: name of the gallery searched for references; None: no search.
            references: paths of photos to be used whatever the gallery says.
            excluded: paths of photos not to be used.
            max_references: references used at most, 0 to 4.
            preview_side: ask for small before and after pictures of this longer side instead of the layer.

        The frames' data is not copied: leave it as it is until the job's state is no longer ``"sending"``.
        """
        frames: list[Buffer] = []

        def described(frame: Frame | None) -> dict[str, Any] | None:
            if frame is None:
                return None
            frames.append(frame.data)
            return frame.descriptor(len(frames) - 1)

        fields: dict[str, Any] = {
            "layer": described(layer),
            "mask": described(mask),
            "background": described(background),
            "offset": list(offset),
            "profile": None if profile is None else {"frame": len(frames), "bytes": len(profile)},
            "strength": strength,
            "only": only,
            "gallery": gallery,
            "references": [str(path) for path in references],
            "excluded": [str(path) for path in excluded],
            "max_references": max_references,
            "preview_side": preview_side,
        }
        return self._post("harmonize", fields, frames if profile is None else [*frames, profile])

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Sends a short request (hello, status, stop) and waits for its answer; milliseconds, as a rule."""
        job = self._post(kind, fields, [])
        deadline = time.monotonic() + 2 * _CONNECT_SECONDS
        while not job.finished:
            job.poll(0.1)
            if time.monotonic() > deadline:
                raise _no_answer(self.daemon, f"no answer to {kind}")
        if job.error is not None:
            raise job.error
        return job.answer

    def _post(self, kind: str, fields: dict[str, Any], frames: list[Buffer]) -> Job:
        limit = int(self.hello.get("max_frame_bytes", _SMALL_FRAME))
        if any(memoryview(frame).nbytes > limit for frame in frames):
            raise ClientError(
                "frame-too-large",
                f"The layer or its background is larger than the Raiha daemon accepts ({limit >> 20} MB).",
                "Crop the picture, or work at a smaller bit depth.",
                self.daemon.log,
            )
        job = Job(self, uuid.uuid4().hex)
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
        with contextlib.suppress(OSError):  # The thread has ended and closed its end: nobody to be woken.
            self._wake_out.send(b"\0")

    # What follows runs in the thread.

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
            self._fail(ClientError("closed", "The connection to the Raiha daemon was closed.", "Try again."))
        except ClientError as error:
            self._fail(error)
        except Exception as error:
            self._fail(_connection_closed(self.daemon, error))
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
            nonce = secrets.token_bytes(16)
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
            raise ConnectionError(f"an answer that is not of protocol {PROTOCOL}")
        nonce = bytes(parts[1])
        expected = digest(self.daemon.key, nonce, parts[3], parts[4:])
        if not hmac.compare_digest(expected, bytes(parts[2])):
            raise _wrong_key(self.daemon)
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
        layer = header.get("layer")
        return Result(
            layer=None if layer is None else _frame(layer, frames),
            preview={name: _frame(shape, frames) for name, shape in (header.get("preview") or {}).items()},
            references=[_reference(fields, frames) for fields in header.get("references", [])],
            seconds=header.get("seconds", {}),
        )


def _frame(descriptor: dict[str, Any], frames: list[bytearray]) -> Frame:
    height, width = descriptor["shape"][:2]
    return Frame(frames[descriptor["frame"]], width, height, descriptor["order"], descriptor["dtype"])


def _reference(fields: dict[str, Any], frames: list[bytearray]) -> Reference:
    thumbnail = bytes(frames[fields["thumbnail"]["frame"]])
    return Reference(fields["path"], fields["score"], fields["content"], fields["appearance"], thumbnail)


def start_daemon(command: Sequence[str], runtime_folder: str | Path | None = None) -> subprocess.Popen[bytes]:
    """Starts a daemon that outlives this program; use :func:`ensure_daemon` to wait for it, too.

    Args:
        command: as ``raiha install-plugin`` recorded it: ``[python, "-m", "raiha.backend.commands.main", "serve"]``.
        runtime_folder: where the daemon is to put its connection file; None leaves it to the daemon.

    Raises:
        ClientError: ``cannot-start``.
    """
    environment = _environment_for_daemon()
    if runtime_folder is not None:
        environment["RAIHA_RUNTIME_DIR"] = str(runtime_folder)
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        # No console window, and no Ctrl+C from the editor's: CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP.
        options = {"creationflags": 0x08000000 | 0x00000200}
    try:
        log = start_log(runtime_folder)
        for folder in (log.parent.parent, log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("wb") as output:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                close_fds=True,
                **options,
            )
    except (OSError, ValueError, IndexError) as error:
        raise ClientError(
            "cannot-start",
            f"The Raiha daemon could not be started ({error}).",
            "Install Raiha again, then run `raiha install-plugin` once.",
        ) from error


def start_log(runtime_folder: str | Path | None = None) -> Path:
    """Where a daemon that is started here says what it has to say before its own log begins."""
    folders = runtime_folders() if runtime_folder is None else [Path(runtime_folder)]
    return next((folder for folder in folders if folder.parent.is_dir()), folders[-1]) / START_LOG


def _environment_for_daemon() -> dict[str, str]:
    """This program's environment, without what would make another Python load the editor's own libraries."""
    left_out = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"}
    if os.environ.get("APPDIR"):
        left_out |= {"LD_LIBRARY_PATH", "LD_PRELOAD"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


def ensure_daemon(
    command: Sequence[str] | None = None,
    on_wait: Callable[[float], Any] | None = None,
    runtime_folder: str | Path | None = None,
    name: str = "raiha_client",
    seconds: float = 60.0,
) -> Client:
    """Connects to the daemon that is running, or starts one and connects to it.

    Args:
        command: how to start a daemon; None: only connect.
        on_wait: called about every 50 ms with the seconds waited so far; returning False gives up.
        runtime_folder: as for :meth:`Client.connect`.
        name: as for :meth:`Client.connect`.
        seconds: how long a daemon may take to start.

    Raises:
        ClientError: as :meth:`Client.connect`; ``cannot-start``, ``not-started``, ``cancelled``.
    """
    try:
        return Client.connect(runtime_folder, name)
    except ClientError as error:
        if command is None or error.code not in _CURED_BY_START:
            raise
    process = start_daemon(command, runtime_folder)
    begin = time.monotonic()
    ended: float | None = None
    while True:
        waited = time.monotonic() - begin
        if on_wait is not None and on_wait(waited) is False:
            raise ClientError("cancelled", "The start of the Raiha daemon was not waited for.", "Try again.")
        time.sleep(0.05)
        try:
            return Client.connect(runtime_folder, name)
        except ClientError as error:
            if error.code not in _CURED_BY_START:
                raise
        if ended is None and process.poll() is not None:
            ended = waited
        # One that ended may have found that another editor's daemon is just starting: that one gets a moment.
        if waited > seconds or (ended is not None and waited > ended + _SECOND_CHANCE_SECONDS):
            raise _not_started(process, runtime_folder)


def _not_started(process: subprocess.Popen[bytes], runtime_folder: str | Path | None) -> ClientError:
    log = start_log(runtime_folder)
    try:
        lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    status = process.poll()
    what = "is not ready after a minute" if status is None else f"ended at once (exit status {status})"
    said = f" It said: {lines[-1][:300]}" if lines else ""
    return ClientError(
        "not-started",
        f"The Raiha daemon was started, but {what}.{said}",
        f"Run `raiha doctor` in a terminal; the whole text is in {log}.",
        str(log),
    )


def _no_daemon() -> ClientError:
    return ClientError("no-daemon", "The Raiha daemon is not running.", "Start it with `raiha serve`.")


def _other_version(daemon: Daemon) -> ClientError:
    return ClientError(
        "other-version",
        f"The Raiha daemon that is running (version {daemon.version}) speaks protocol {daemon.protocol}, "
        f"this program speaks protocol {PROTOCOL}.",
        "Run `raiha stop`, install the newest Raiha, and run `raiha install-plugin` once.",
        daemon.log,
    )


def _no_answer(daemon: Daemon, why: str) -> ClientError:
    return ClientError(
        "no-answer",
        f"The Raiha daemon (process {daemon.pid}) does not answer ({why}).",
        "Run `raiha stop`, or end that process, and try again.",
        daemon.log,
    )


def _wrong_key(daemon: Daemon) -> ClientError:
    return ClientError(
        "wrong-key",
        "The Raiha daemon does not accept the key of the connection file.",
        f"Run `raiha stop`, or end process {daemon.pid}, and try again.",
        daemon.log,
    )


def _connection_closed(daemon: Daemon, error: Exception) -> ClientError:
    return ClientError(
        "connection-closed",
        f"The Raiha daemon stopped, or closed the connection ({error or type(error).__name__}).",
        "Your picture is unchanged. Try again; the daemon's log may say why.",
        daemon.log,
    )
