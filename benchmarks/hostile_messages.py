"""Messages that nobody should send: a grammar of ZMTP streams, headers and frames, most of them almost right."""

from __future__ import annotations

import json
import random
import secrets
import socket
import struct
import time
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from raiha.backend.client.messages import MAGIC, digest

GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" * 32
READY = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"
LAYER = {"frame": 0, "shape": [4, 5, 4], "dtype": "uint8", "order": "RGBA"}
HARMONIZE: dict[str, Any] = {
    "type": "harmonize",
    "layer": LAYER,
    "background": {**LAYER, "frame": 1},
    "mask": None,
    "offset": [0, 0],
    "profile": None,
    "strength": 1.0,
    "adjust": {},
    "adjustment": {"exposure": 0.1},
    "only": None,
    "gallery": None,
    "references": [],
    "excluded": [],
    "max_references": 4,
    "preview_side": None,
}
ODD: list[Any] = [
    None, True, 0, -1, 1 << 31, 1 << 63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x" * 70, "\ud800",
    "\0", "../..", "/dev/zero", "/proc/self/mem", [], [[]], [[[[]]]], {}, {"frame": 0}, [0, 0, 0], [1 << 40, 1, 4],
]  # fmt: skip

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def sealed(key: bytes, header: bytes, frames: list[bytes]) -> list[bytes]:
    nonce = secrets.token_bytes(16)
    return [MAGIC, nonce, digest(key, nonce, header, frames), header, *frames]


def odd_header(chance: random.Random) -> bytes:
    """Return a header with some fields replaced, dropped, nested or misspelt."""
    kind = chance.choice(["harmonize"] * 6 + ["hello", "status", "cancel", "progress", "result", "error", "", "stop "])
    header = {**HARMONIZE, "type": kind, "id": str(chance.random()), "time": time.time(), "protocol": 2}
    for _ in range(chance.randint(0, 3)):
        name = chance.choice([*header, "other"])
        target = header.get(name)
        if isinstance(target, dict) and target and chance.random() < 0.6:
            header[name] = {**target, chance.choice([*target]): chance.choice(ODD)}
        elif chance.random() < 0.1:
            header.pop(name, None)
        else:
            header[name] = chance.choice(ODD)
    text = json.dumps(header).encode()
    if chance.random() < 0.05:
        text = chance.choice(
            [b"[" * 100_000, b"{" * 5000, b"\xff" * 9, b"", text[:-1], text + b"}", b"1" * 5000, b"NaN"]
        )
    return text


def odd_frames(chance: random.Random) -> list[bytes]:
    sizes = chance.choice([[80, 80], [80, 80], [80, 80, 20], [79, 80], [], [0, 0], [80] * 9, [1 << 16, 80]])
    return [secrets.token_bytes(size) for size in sizes]


def odd_parts(chance: random.Random, key: bytes) -> list[bytes]:
    """Return a multipart message: sealed and odd, or damaged after it was sealed, or never sealed."""
    parts = sealed(key, odd_header(chance), odd_frames(chance))
    kind = chance.random()
    if kind < 0.6:
        return parts
    if kind < 0.8:
        place = chance.randrange(len(parts))
        parts[place] = secrets.token_bytes(chance.choice([0, 1, 16, 32, 33, 255, 256, 300]))
        return parts
    if kind < 0.9:
        return parts[: chance.randrange(1, len(parts) + 1)]
    return [secrets.token_bytes(chance.randrange(40)) for _ in range(chance.randint(1, 30))]


def odd_stream(chance: random.Random, key: bytes) -> bytes:
    """Return bytes for the port: a greeting, a handshake and frames, with something wrong somewhere."""
    stream = bytearray()
    stream += chance.choice(
        [GREETING] * 8 + [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"", secrets.token_bytes(64)]
    )
    stream += chance.choice([READY] * 8 + [b"\x04\x00", b"\x06" + struct.pack(">Q", 1 << 40), secrets.token_bytes(20)])
    for part in odd_parts(chance, key):
        length = chance.choice([len(part)] * 9 + [0, 1 << 20, (1 << 64) - 1])
        stream += bytes([chance.choice([3, 3, 3, 3, 2, 1, 0, 4, 0xFF])]) + struct.pack(">Q", length) + part
    for _ in range(chance.choice([0, 0, 1, 3])):
        if stream:
            stream[chance.randrange(len(stream))] = chance.randrange(256)
    return bytes(stream)


def send_stream(endpoint: str, stream: bytes) -> None:
    """Send bytes to the daemon's port; it may end the connection at any time."""
    host, port = endpoint.removeprefix("tcp://").split(":")
    try:
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(stream)
    except OSError:
        pass


def drawn_by_hypothesis(key: bytes, count: int, number: int) -> list[list[bytes]]:
    """Return sealed messages whose fields are drawn by hypothesis."""
    found: list[list[bytes]] = []

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.dictionaries(st.sampled_from([*HARMONIZE, "id", "time"]), any_json, max_size=4),
        st.lists(st.binary(max_size=80), max_size=9),
    )
    def draw(changes: dict[str, Any], frames: list[bytes]) -> None:
        header = {**HARMONIZE, "id": str(len(found)), "time": time.time(), **changes}
        found.append(sealed(key, json.dumps(header).encode(), frames))

    draw()
    return found[:count]
