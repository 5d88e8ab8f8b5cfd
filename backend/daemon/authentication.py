"""Authentication: messages are sealed with the key of the connection file, and none is accepted twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from raiha.backend.client.raiha_client import digest
from raiha.backend.daemon.protocol import MAGIC, MAX_FRAMES, MAX_HEADER_BYTES, PROTOCOL, BadMessage, Header
from raiha.gallery_tools.errors import RaihaError

NONCE_BYTES = 16
DIGEST_BYTES = 32
MAGIC_1 = b"raiha1"
"""With which messages of version 1 begin, whose clients are told what to update."""

MAX_PARTS = 4 + MAX_FRAMES
"""Parts of a message; one with more is refused before it is hashed."""


@dataclass(frozen=True)
class SealedMessage:
    """A message as received; nothing in it can be trusted before ``verify`` has returned.

    Attributes:
        nonce: 16 bytes, never used twice.
        digest: 32 bytes, keyed BLAKE2b over all else.
        header: JSON.
        frames: pixels, profile and the like.
    """

    nonce: bytes
    digest: bytes
    header: memoryview
    frames: tuple[memoryview, ...]

    @property
    def size(self) -> int:
        """Bytes in header and frames."""
        return self.header.nbytes + sum(frame.nbytes for frame in self.frames)

    def verify(self, key: bytes) -> None:
        """Check that the message was sealed with ``key`` and has not been changed since.

        Raises:
            RaihaError: ``wrong-key``.
        """
        expected = digest(key, self.nonce, self.header, self.frames)
        if not hmac.compare_digest(expected, self.digest):
            raise RaihaError(
                "wrong-key",
                "The message was not sealed with the key of this daemon's connection file.",
                "Read the connection file again and reconnect.",
            )


def split(parts: Sequence[memoryview]) -> SealedMessage:
    """Name the parts of a multipart message.

    Raises:
        BadMessage: there are too few, or they are not of this protocol.
        RaihaError: ``other-version``.
    """
    magic = bytes(parts[0][:16]) if parts else b""
    if magic != MAGIC and magic.startswith(b"raiha"):
        raise other_version("the message has another version")
    if magic != MAGIC or len(parts) < 4:
        raise BadMessage("it does not begin as a Raiha message does")
    if len(parts) > MAX_PARTS:
        raise BadMessage(f"it has more than {MAX_FRAMES} frames")
    nonce, seal, header = parts[1:4]
    if nonce.nbytes != NONCE_BYTES or seal.nbytes != DIGEST_BYTES or header.nbytes > MAX_HEADER_BYTES:
        raise BadMessage("its first frames have wrong lengths")
    return SealedMessage(bytes(nonce), bytes(seal), header, tuple(parts[4:]))


def other_version(found: str) -> RaihaError:
    """Return the error for a client of another version; ``found`` names what shows it."""
    return RaihaError(
        "other-version",
        f"This Raiha daemon uses protocol {PROTOCOL}, but {found}.",
        "Install the newest Raiha, run `raiha install-plugin` once, and start the editor again.",
    )


def seal_for(magic: bytes, key: bytes, header: Header) -> list[Any]:
    """Return the parts of an answer without frames to a client that begins its messages with ``magic``."""
    if magic != MAGIC_1:
        return seal(key, header)
    # Version 1 hashed everything in one go.
    nonce, text = secrets.token_bytes(NONCE_BYTES), json.dumps(header).encode()
    state = hashlib.blake2b(nonce + struct.pack(">Q", len(text)) + text, key=key, digest_size=DIGEST_BYTES)
    return [MAGIC_1, nonce, state.digest(), text]


def seal(key: bytes, header: Header, frames: Sequence[Any] = ()) -> list[Any]:
    """Return the parts of a multipart message with this header and these frames, which are not copied."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = json.dumps(header).encode()
    return [MAGIC, nonce, digest(key, nonce, text, frames), text, *frames]


class ReplayGuard:
    """Remembers nonces as long as their messages could be accepted, and never more than ``capacity`` of them.

    Args:
        window: seconds that a message's clock may differ from the daemon's.
        capacity: nonces remembered. When there are more, the oldest is dropped, and messages as old as that
            are no longer accepted.
        clock: seconds since the epoch.
    """

    def __init__(self, window: float = 300.0, capacity: int = 1 << 16, clock: Callable[[], float] = time.time) -> None:
        self._window = window
        self._capacity = capacity
        self._clock = clock
        self._seen: dict[bytes, tuple[float, float]] = {}
        self._floor = -math.inf

    def __len__(self) -> int:
        """Nonces remembered."""
        return len(self._seen)

    def admit(self, nonce: bytes, sent: object) -> None:
        """Check that a message with this nonce, sent at that time, is new.

        Raises:
            RaihaError: ``replay`` or ``stale-message``.
        """
        now = self._clock()
        in_time = isinstance(sent, int | float) and abs(now - sent) <= self._window and sent > self._floor
        if not in_time or not isinstance(sent, int | float):
            raise RaihaError(
                "stale-message",
                "The message is too old, or the clocks of its sender and of the Raiha daemon differ.",
                "Send it again; if the problem persists, set the clock.",
            )
        if nonce in self._seen:
            raise RaihaError("replay", "The message was sent twice.", "No action needed: it was carried out once.")
        self._seen[nonce] = (now, float(sent))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._seen:
            nonce, (arrived, sent) = next(iter(self._seen.items()))
            # Sent at most one window after it arrived, so after two windows it is too old to be accepted.
            expired = now - arrived > 2 * self._window
            if not expired and len(self._seen) <= self._capacity:
                return
            if not expired:
                self._floor = max(self._floor, sent)
            del self._seen[nonce]
