"""Reading messages that nobody vouches for, and writing results."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from raiha.backend.client.messages import CHUNK_BYTES, digest
from raiha.backend.daemon import protocol
from raiha.backend.daemon.channel_order import Order, swap_red_and_blue, to_order, to_rgb
from raiha.backend.daemon.protocol import BadMessage, HarmonizeMessage, parse_harmonize, parse_header
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import HarmonizeResult, PreviewResult
from raiha.gallery_tools.errors import RaihaError

LAYER = {"frame": 0, "shape": [2, 3, 4], "dtype": "uint8", "order": "RGBA"}
BACKGROUND = {**LAYER, "frame": 1}
MASK = {"frame": 2, "shape": [2, 3, 1], "dtype": "uint8", "order": "GRAY"}
FRAMES = [memoryview(bytes(24)), memoryview(bytes(24))]


def header(**changes: Any) -> dict[str, Any]:
    return {"type": "harmonize", "id": "1", "layer": LAYER, "background": BACKGROUND, **changes}


def test_the_least_that_a_request_needs() -> None:
    message = parse_harmonize(header(), FRAMES)
    assert message.request.layer.shape == (2, 3, 4)
    assert (message.request.mask, message.request.strength, message.preview_side) == (None, 1.0, None)


def test_pixels_are_views_of_the_frame_and_not_copies() -> None:
    frame = bytearray(range(24))
    message = parse_harmonize(header(), [memoryview(frame), FRAMES[1]])
    frame[0] = 99
    assert message.request.layer[0, 0, 0] == 99


def test_a_mask_may_have_two_or_three_dimensions() -> None:
    for shape in ([2, 3], [2, 3, 1]):
        message = parse_harmonize(header(mask={**MASK, "shape": shape}), [*FRAMES, memoryview(bytes(6))])
        assert message.request.mask is not None and message.request.mask.shape == (2, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"layer": None},
        {"layer": [LAYER]},
        {"layer": {**LAYER, "order": "CMYK"}},
        {"layer": {**LAYER, "order": ["RGBA"]}},
        {"layer": {**LAYER, "dtype": "float64"}},
        {"layer": {**LAYER, "dtype": None}},
        {"layer": {**LAYER, "shape": [2, 3, 3]}},
        {"layer": {**LAYER, "shape": [2, 3]}},
        {"layer": {**LAYER, "shape": [2.0, 3, 4]}},
        {"layer": {**LAYER, "shape": [True, 6, 4]}},
        {"layer": {**LAYER, "shape": [0, 3, 4]}},
        {"layer": {**LAYER, "shape": [-2, -3, 4]}},
        {"layer": {**LAYER, "shape": [1 << 40, 1 << 40, 4]}},
        {"layer": {**LAYER, "shape": [2, 2, 4]}},
        {"layer": {**LAYER, "dtype": "uint16"}},
        {"layer": {**LAYER, "frame": 2}},
        {"layer": {**LAYER, "frame": -1}},
        {"layer": {**LAYER, "frame": "0"}},
        {"background": LAYER},
        {"background": {**BACKGROUND, "shape": [1, 3, 4], "dtype": "uint16"}},
        {"offset": [1]},
        {"offset": [1.5, 2]},
        {"offset": [1 << 40, 0]},
        {"strength": 1.51},
        {"strength": -0.01},
        {"strength": float("nan")},
        {"strength": "1"},
        {"strength": True},
        {"adjust": {"gamma": 1}},
        {"adjust": {"exposure": 5.1}},
        {"adjust": {"exposure": "1"}},
        {"adjust": {"veil": float("nan")}},
        {"adjust": ["exposure"]},
        {"adjustment": "none"},
        {"adjustment": {"gamma": 1}},
        {"adjustment": {"exposure": None}},
        {"adjustment": {"shading": [[1, 2], [3]]}},
        {"adjustment": {"veil_colour": [1]}},
        {"only": "hue"},
        {"only": ["colour"]},
        {"gallery": 3},
        {"gallery": ""},
        {"references": "a.jpg"},
        {"references": [1]},
        {"references": ["a\0b"]},
        {"excluded": [None]},
        {"max_references": 5},
        {"max_references": -1},
        {"max_references": 1.0},
        {"preview_side": 0},
        {"view": [0, 0, 1]},
        {"view": [0, 0, 1, 1 << 20]},
        {"view": [-1, 0, 1, 1]},
        {"view": [0, 0, 1.0, 1]},
        {"preview_side": 1 << 20},
        {"profile": {"frame": 0, "bytes": 24}},
        {"profile": {"frame": 2}},
        {"profile": "sRGB"},
        {"mask": MASK},
        {"mask": True},
    ],
)
def test_what_breaks_the_protocol_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        parse_harmonize(header(**changes), FRAMES)


@pytest.mark.parametrize("mask", [{**MASK, "dtype": "uint16"}, {**MASK, "order": "RGB"}, {**MASK, "frame": 0}])
def test_a_mask_that_is_none(mask: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        parse_harmonize(header(mask=mask), [*FRAMES, memoryview(bytes(6))])


def test_a_mask_of_another_size_is_the_fault_of_a_person_and_told_so() -> None:
    with pytest.raises(RaihaError) as caught:
        parse_harmonize(header(mask={**MASK, "shape": [3, 3, 1]}), [*FRAMES, memoryview(bytes(9))])
    assert caught.value.code == "mask-size"
    assert "3 x 3" in caught.value.sentence and "3 x 2" in caught.value.sentence


def test_frames_that_no_descriptor_names_and_too_many_frames() -> None:
    for frames in ([*FRAMES, memoryview(b"")], FRAMES * 100):
        with pytest.raises(BadMessage):
            parse_harmonize(header(), frames)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[]", b"1", b'"x"', b"{}", b'{"type":"x"}', b'{"type":1,"id":"1"}', b"\xff\xfe", b"[" * 100_000),
        b'{"type":"a","id":"%s"}' % (b"1" * 65),
        b" " * (protocol.MAX_HEADER_BYTES + 1),
        b'{"type":"","id":"1"}',
    ],
)
def test_headers_that_are_none(text: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_header(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_header_or_refused(text: bytes) -> None:
    try:
        assert set(parse_header(text)) >= {"type", "id"}
    except BadMessage as error:
        assert error.remedy


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)
descriptors = st.fixed_dictionaries(
    {
        "frame": st.integers(-1, 4) | json_values,
        "shape": st.lists(st.integers(-1, 4), min_size=2, max_size=4) | json_values,
        "dtype": st.sampled_from(sorted(protocol.DTYPES)) | json_values,
        "order": st.sampled_from(sorted(protocol.CHANNELS)) | json_values,
    }
)
fields = st.fixed_dictionaries(
    {"layer": descriptors, "background": descriptors},
    optional={
        name: json_values | descriptors
        for name in (
            "mask",
            "profile",
            "offset",
            "strength",
            "only",
            "gallery",
            "references",
            "preview_side",
            "adjust",
            "adjustment",
        )
    },
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fields, st.lists(st.binary(max_size=64), max_size=5))
def test_any_header_with_any_frames_is_read_or_refused(header: dict[str, Any], frames: list[bytes]) -> None:
    try:
        message = parse_harmonize(header, [memoryview(frame) for frame in frames])
    except RaihaError as error:
        assert error.sentence and error.remedy
    else:
        assert isinstance(message, HarmonizeMessage)


depths = st.sampled_from([np.dtype(name) for name in protocol.DTYPES])


@given(st.data(), depths, st.sampled_from(["RGBA", "BGRA", "RGB", "BGR"]), st.booleans())
def test_colour_orders_go_there_and_back_bit_for_bit(
    data: st.DataObject, dtype: np.dtype[Any], order: Order, writable: bool
) -> None:
    pixels = data.draw(arrays.arrays(dtype, (3, 2, len(order))))
    before = pixels.tobytes()
    pixels.flags.writeable = writable
    back = to_order(to_rgb(pixels, order), order)
    assert back.tobytes() == before
    assert writable or pixels.tobytes() == before


@pytest.mark.parametrize("height", [1, 7, 300])
def test_swapping_exchanges_red_and_blue_in_every_row(height: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (height, 3000, 4), np.uint8)
    swapped = pixels.copy()
    swap_red_and_blue(swapped)
    np.testing.assert_array_equal(swapped, pixels[..., [2, 1, 0, 3]])


def test_a_header_survives_json() -> None:
    assert parse_header(json.dumps(header()).encode()) == header()


def test_an_adjustment_and_single_numbers_reach_the_request() -> None:
    adjustment = Adjustment(exposure=0.5, shading=np.array([[0.25, -0.25]], np.float32))
    sent = json.loads(json.dumps(header(adjustment=adjustment.as_json(), adjust={"tint": -0.5, "veil": 10})))
    request = parse_harmonize(sent, FRAMES).request
    assert request.adjust == {"tint": -0.5, "veil": 10.0}
    assert request.adjustment is not None and request.adjustment.as_json() == adjustment.as_json()
    plain = parse_harmonize(header(), FRAMES).request
    assert plain.adjust == {} and plain.adjustment is None


def test_a_result_and_a_preview_carry_adjustments_and_change() -> None:
    adjustment, pixels = Adjustment(contrast=12.0), np.zeros((2, 3, 4), np.uint8)
    result = HarmonizeResult(pixels, adjustment, 3.5, ())
    small = PreviewResult(pixels[..., :3], pixels[..., 0], (1, 2, 3, 4), adjustment, 3.5, ())
    wanted = parse_harmonize(header(), FRAMES).layer_format
    for message, _ in (protocol.result_message("1", result, wanted), protocol.preview_message("1", small)):
        assert message["adjustments"] == adjustment.as_json() and message["change"] == 3.5


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 5])
def test_the_digest_is_that_of_the_list_of_chunks(length: int) -> None:
    key, nonce, header, frame = b"k" * 32, b"n" * 16, b"{}", np.random.default_rng(0).bytes(length)

    def of_chunk(chunk: bytes) -> bytes:
        return hashlib.blake2b(chunk, key=key, digest_size=32, person=b"raiha2 chunk").digest()

    told = nonce + struct.pack(">Q", 2) + of_chunk(header) + struct.pack(">Q", length)
    told += b"".join(of_chunk(frame[start : start + CHUNK_BYTES]) for start in range(0, length, CHUNK_BYTES))
    expected = hashlib.blake2b(told, key=key, digest_size=32, person=b"raiha2 message").digest()
    assert digest(key, nonce, header, [frame]) == expected
