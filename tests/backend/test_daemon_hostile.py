"""What a daemon must survive: strangers, liars, the dead and the silent."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st
from running_daemon import RunningDaemon

from raiha.backend.client.raiha_client import MAGIC, PROTOCOL, digest
from raiha.backend.daemon.authentication import seal
from raiha.backend.daemon.server import Limits

GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" * 32


class Peer:
    """A libzmq DEALER that sends whatever it is told to."""

    def __init__(self, daemon: RunningDaemon) -> None:
        self.key = daemon.connection.key
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(daemon.connection.endpoint)

    def send(self, header: dict[str, Any], *frames: bytes, key: bytes | None = None) -> None:
        self.socket.send_multipart(seal(key or self.key, {"id": "1", "time": time.time(), **header}, frames))

    def receive(self) -> dict[str, Any]:
        """Return the header of the next answer, whose digest is checked."""
        magic, nonce, seal_, header, *frames = self.socket.recv_multipart()
        assert magic == MAGIC and digest(self.key, nonce, header, frames) == seal_
        answer: dict[str, Any] = json.loads(header)
        return answer

    def answer_of(self, header: dict[str, Any], *frames: bytes) -> dict[str, Any]:
        """Return the last word of the daemon on a message."""
        self.send(header, *frames)
        while (answer := self.receive())["type"] == "progress":
            pass
        return answer


@contextmanager
def connected(daemon: RunningDaemon) -> Iterator[Peer]:
    peer = Peer(daemon)
    try:
        yield peer
    finally:
        peer.socket.close()
        peer.context.term()


def harmonize(**changes: Any) -> dict[str, Any]:
    layer = {"frame": 0, "shape": [2, 3, 4], "dtype": "uint8", "order": "RGBA"}
    return {"type": "harmonize", "layer": layer, "background": {**layer, "frame": 1}, **changes}


def open_stream(daemon: RunningDaemon) -> socket.socket:
    host, port = daemon.connection.endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)))


def assert_serves(daemon: RunningDaemon) -> None:
    with daemon.connect() as client:
        assert client.status()["queue"] == 0


def is_closed_by_peer(stream: socket.socket) -> bool:
    """Read until the daemon closes the connection."""
    try:
        while stream.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_wrong_key_is_refused_without_work(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        peer.send(harmonize(), bytes(24), bytes(24), key=os.urandom(32))
        assert peer.receive()["code"] == "wrong-key"
    assert daemon.pipeline.requests == []


def test_a_large_message_without_a_hello_is_not_even_hashed(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(verify_at_once_bytes=10))
    with connected(daemon) as peer:
        assert peer.answer_of(harmonize(), bytes(24), bytes(24))["code"] == "no-hello"
    assert daemon.pipeline.requests == []


def test_of_a_large_message_with_a_wrong_key_nothing_is_told_and_no_file_is_opened(
    start_daemon: Callable[..., RunningDaemon],
) -> None:
    daemon = start_daemon(limits=Limits(verify_at_once_bytes=200))
    with connected(daemon) as peer:
        assert peer.answer_of({"type": "hello", "protocol": PROTOCOL})["type"] == "hello"
        peer.send(harmonize(references=["/photo.jpg"]), bytes(24), bytes(24), key=os.urandom(32))
        while (answer := peer.receive())["type"] == "progress":
            pass
        assert answer["code"] == "wrong-key"
    assert daemon.pipeline.opened == []


def test_a_client_of_version_1_is_told_in_version_1_what_to_update(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        peer.socket.send_multipart([b"raiha1", bytes(16), bytes(32), b'{"type": "hello", "id": "1", "protocol": 1}'])
        magic, nonce, signature, header = peer.socket.recv_multipart()
    expected = hashlib.blake2b(nonce + struct.pack(">Q", len(header)) + header, key=peer.key, digest_size=32)
    assert (magic, signature) == (b"raiha1", expected.digest())
    answer = json.loads(header)
    assert answer["code"] == "other-version" and "raiha install-plugin" in answer["remedy"]


@pytest.mark.parametrize("changed", [1, 2, 3, 4, 5])
def test_a_message_of_which_one_bit_was_changed_is_refused(daemon: RunningDaemon, changed: int) -> None:
    with connected(daemon) as peer:
        parts = seal(peer.key, {"id": "1", "time": time.time(), **harmonize()}, [bytes(24), bytes(24)])
        damaged = bytearray(parts[changed])
        damaged[len(damaged) // 2] ^= 1
        parts[changed] = bytes(damaged)
        peer.socket.send_multipart(parts)
        assert peer.receive()["code"] == "wrong-key"
    assert daemon.pipeline.requests == []


def test_a_replay_is_refused_also_from_another_connection(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer, connected(daemon) as other:
        parts = seal(peer.key, {"type": "status", "id": "1", "time": time.time()})
        peer.socket.send_multipart(parts)
        assert peer.receive()["type"] == "status"
        peer.socket.send_multipart(parts)
        assert peer.receive()["code"] == "replay"
        other.socket.send_multipart(parts)
        assert other.receive()["code"] == "replay"


@pytest.mark.parametrize("sent", [0, -1e300, 1e300, float("nan"), float("inf"), None, "now", True, []])
def test_a_message_from_another_time_is_refused(daemon: RunningDaemon, sent: Any) -> None:
    with connected(daemon) as peer:
        assert peer.answer_of({"type": "status", "time": sent})["code"] == "stale-message"


def test_a_frame_shorter_than_its_header_says(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        answer = peer.answer_of(harmonize(), bytes(23), bytes(24))
        assert (answer["code"], answer["id"]) == ("bad-message", "1")
        assert "layer has 23 bytes instead of 24" in answer["sentence"]
    assert_serves(daemon)


def test_a_frame_above_the_limit_ends_the_connection_before_it_is_read(
    start_daemon: Callable[..., RunningDaemon],
) -> None:
    daemon = start_daemon(limits=Limits(frame_bytes=1 << 20))
    with open_stream(daemon) as stream:
        stream.sendall(GREETING + b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x06DEALER"[:29])
        stream.sendall(b"\x02" + struct.pack(">Q", (1 << 20) + 1))
        assert is_closed_by_peer(stream)
    assert_serves(daemon)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\0" * 200,
        b"\xff" * 200,
        bytes(range(256)),
        GREETING + b"\xff" * 64,
    ],
    ids=["http", "zeros", "ones", "count", "after the greeting"],
)
def test_garbage_on_the_port(daemon: RunningDaemon, garbage: bytes) -> None:
    with open_stream(daemon) as stream:
        stream.sendall(garbage)
        assert_serves(daemon)
    assert_serves(daemon)


@pytest.mark.parametrize("begun", [b"\x01\x00" + b"x" * 80, b"GET / HTTP/1.1\r\n\r\n" + b"x" * 80])
def test_a_peer_that_does_not_greet_as_zmtp_3_does_is_turned_away(daemon: RunningDaemon, begun: bytes) -> None:
    """Libzmq would take it for a peer of ZMTP 1, and lose memory to it."""
    with open_stream(daemon) as stream:
        stream.sendall(begun)
        assert is_closed_by_peer(stream)
    assert_serves(daemon)


@pytest.mark.parametrize("begun", [b"", GREETING[:5], GREETING, GREETING + b"\x04\x19\x05REA"])
def test_half_a_handshake_and_then_silence(start_daemon: Callable[..., RunningDaemon], begun: bytes) -> None:
    daemon = start_daemon(limits=Limits(handshake_seconds=0.1))
    with open_stream(daemon) as stream:
        stream.sendall(begun)
        assert is_closed_by_peer(stream)
    assert_serves(daemon)


def test_a_client_that_answers_no_heartbeat_is_given_up(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(heartbeat_seconds=0.05, silence_seconds=0.1))
    with open_stream(daemon) as stream:
        ready = b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER"
        stream.sendall(GREETING + bytes([4, len(ready)]) + ready)
        assert is_closed_by_peer(stream)
    assert_serves(daemon)


@pytest.mark.parametrize(
    "parts",
    [[], [b""], [b"hello"], [MAGIC], [MAGIC, b"", b"", b""], [MAGIC, bytes(16), bytes(31), b"{}"], [b"x"] * 500],
)
def test_messages_that_are_none(daemon: RunningDaemon, parts: list[bytes]) -> None:
    with connected(daemon) as peer:
        peer.socket.send_multipart(parts or [b""])
        assert peer.receive()["code"] == "bad-message"


def test_a_message_of_very_many_frames_is_refused_before_it_is_hashed(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        peer.send(harmonize(), *[b""] * 50_000, key=os.urandom(32))
        assert "more than 8 frames" in peer.receive()["sentence"]
        assert peer.answer_of({"type": "status"})["type"] == "status"
    assert daemon.pipeline.requests == []


def test_a_message_of_another_protocol_version(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        peer.socket.send_multipart([b"raiha3", bytes(16), bytes(32), b"{}"])
        assert peer.receive()["code"] == "other-version"
        assert peer.answer_of({"type": "hello", "protocol": 1})["code"] == "other-version"


@pytest.mark.parametrize(
    "header",
    [{"type": "dance"}, {"type": 1}, {"type": "status", "id": None}, {"type": "status", "id": "x" * 65}, {}],
)
def test_headers_that_mean_nothing(daemon: RunningDaemon, header: dict[str, Any]) -> None:
    with connected(daemon) as peer:
        assert peer.answer_of(header)["code"] == "bad-message"


def test_frames_where_none_belong(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        assert peer.answer_of({"type": "status"}, b"frame")["code"] == "bad-message"


def test_two_jobs_of_one_client_with_the_same_id(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with connected(daemon) as peer:
        peer.send(harmonize(), bytes(24), bytes(24))
        daemon.pipeline.started.wait()
        assert peer.answer_of(harmonize(), bytes(24), bytes(24))["code"] == "bad-message"
        daemon.pipeline.may_finish.set()
        while (answer := peer.receive())["type"] == "progress":
            pass
        assert answer["type"] == "result"


def test_a_job_that_is_not_there_is_cancelled_without_a_word(daemon: RunningDaemon) -> None:
    with connected(daemon) as peer:
        peer.send({"type": "cancel", "id": "none"})
        assert peer.answer_of({"type": "status"})["type"] == "status"


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
names = st.sampled_from(
    [*harmonize(), "mask", "profile", "offset", "strength", "only", "preview_side", "references", "id"]
)


@settings(max_examples=60)
@given(changes=st.dictionaries(names, any_json, max_size=3), frames=st.lists(st.binary(max_size=30), max_size=10))
def test_a_daemon_answers_any_sealed_message_and_lives(
    daemon: RunningDaemon, changes: dict[str, Any], frames: list[bytes]
) -> None:
    with connected(daemon) as peer:
        header = {"id": "1", **harmonize(**changes)}
        answer = peer.answer_of(header, *frames)
        assert answer["type"] in ("error", "result", "hello", "status")


@settings(max_examples=60)
@given(parts=st.lists(st.binary(max_size=40) | st.just(MAGIC), min_size=1, max_size=8))
def test_a_daemon_refuses_any_unsealed_message_and_lives(daemon: RunningDaemon, parts: list[bytes]) -> None:
    with connected(daemon) as peer:
        peer.socket.send_multipart(parts)
        assert peer.receive()["type"] == "error"
