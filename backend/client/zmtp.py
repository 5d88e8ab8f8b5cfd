"""A ZMTP 3.0 DEALER socket over TCP: ZeroMQ's wire protocol (RFC 23 and 28) without its library."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

CONNECT_SECONDS = 5.0
STALL_SECONDS = 60.0
"""A transfer is given up when not a single byte has moved for this long."""
SMALL_FRAME = 64 << 20
"""Frames up to this size are always accepted; larger ones only up to the largest frame sent."""
MAX_FRAMES = 256
CHUNK = 1 << 20

_SIGNATURE, _VERSION, _MECHANISM = b"\xff" + b"\0" * 8 + b"\x7f", b"\x03\x00", b"NULL".ljust(20, b"\0")
_AS_CLIENT_AND_FILLER = b"\0" * 32
_MORE, _LONG, _COMMAND = 1, 2, 4

Buffer = Any
"""Whatever supports the buffer protocol: bytes, bytearray, memoryview, array."""


class AnotherProgramError(ConnectionError):
    """The port belongs to another program now, so the daemon that listened on it is gone."""


class Dealer:
    """A DEALER socket with the NULL mechanism. Its calls block, and only one thread may use it.

    Attributes:
        socket: the TCP socket, for ``select``.
        pending: bytes that were received but not yet read as frames.
    """

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.partition("://")[2].rpartition(":")
        self.socket = socket.create_connection((host, int(port)), CONNECT_SECONDS)
        self.pending = bytearray()
        self._largest_frame = SMALL_FRAME
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands()
        except BaseException:
            self.socket.close()
            raise
        self.socket.settimeout(STALL_SECONDS)

    def send(self, parts: Sequence[Buffer]) -> None:
        """Send a message of several frames; the buffers are not copied."""
        for index, part in enumerate(parts):
            view = memoryview(part).cast("B")
            flags = _MORE if index + 1 < len(parts) else 0
            self._largest_frame = max(self._largest_frame, view.nbytes)
            short = view.nbytes < 256
            length = bytes([flags, view.nbytes]) if short else bytes([flags | _LONG]) + struct.pack(">Q", view.nbytes)
            self.socket.sendall(length)
            # In pieces, because sendall's time limit covers all that one call sends.
            for start in range(0, view.nbytes, CHUNK):
                self.socket.sendall(view[start : start + CHUNK])

    def receive(self) -> list[bytearray] | None:
        """Return the frames of the next message, or None for a command; a PING is answered here."""
        parts: list[bytearray] = []
        while True:
            flags, body = self._frame()
            if flags & _COMMAND:
                if bytes(body[:5]) == b"\x04PING":
                    self._send_command(b"\x04PONG" + bytes(body[7:23]))
                if not parts:
                    return None
                continue
            parts.append(body)
            if len(parts) > MAX_FRAMES:
                raise ConnectionError("a message has too many frames")
            if not flags & _MORE:
                return parts

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _shake_hands(self) -> None:
        self.socket.sendall(_SIGNATURE + _VERSION + _MECHANISM + _AS_CLIENT_AND_FILLER)
        greeting = self._exactly(64)
        if greeting[0] != 0xFF or greeting[9] != 0x7F or greeting[10] < 3:
            raise AnotherProgramError("the peer does not speak ZMTP 3")
        if bytes(greeting[12:32]) != _MECHANISM:
            raise AnotherProgramError("the peer requires another security mechanism")
        socket_type = b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        identity = b"\x08Identity" + struct.pack(">I", 0)
        self._send_command(b"\x05READY" + socket_type + identity)
        flags, body = self._frame()
        if not flags & _COMMAND or bytes(body[:6]) != b"\x05READY":
            raise ConnectionError("the handshake was refused")

    def _send_command(self, body: bytes) -> None:
        self.socket.sendall(bytes([_COMMAND, len(body)]) + body)

    def _frame(self) -> tuple[int, bytearray]:
        flags = self._exactly(1)[0]
        length = int.from_bytes(self._exactly(8 if flags & _LONG else 1), "big")
        if flags & ~(_MORE | _LONG | _COMMAND) or length > (1 << 16 if flags & _COMMAND else self._largest_frame):
            raise ConnectionError("an impossible frame was announced")
        return flags, self._exactly(length)

    def _exactly(self, count: int) -> bytearray:
        """Return the next ``count`` bytes; many of them are received straight into their own memory."""
        while len(self.pending) < count <= 1 << 16:
            received = self.socket.recv(1 << 16)
            if not received:
                raise ConnectionError("connection closed")
            self.pending += received
        if len(self.pending) >= count:
            out = self.pending[:count]
            del self.pending[:count]
            return out
        return self._exactly_into(bytearray(count))

    def _exactly_into(self, out: bytearray) -> bytearray:
        filled = len(self.pending)
        out[:filled] = self.pending
        self.pending.clear()
        view = memoryview(out)
        while filled < len(out):
            received = self.socket.recv_into(view[filled : filled + 4 * CHUNK])
            if not received:
                raise ConnectionError("connection closed")
            filled += received
        return out


def dial(endpoint: str) -> Dealer:
    """Return a connected socket.

    Raises:
        AnotherProgramError: another program listens there.
        OSError: nobody listens there, or the peer does not answer.
    """
    # A daemon that is being killed still accepts connections and drops them; a moment later it refuses them.
    for _ in range(4):
        try:
            return Dealer(endpoint)
        except (ConnectionRefusedError, AnotherProgramError):
            raise
        except ConnectionError:
            time.sleep(0.1)
    return Dealer(endpoint)
