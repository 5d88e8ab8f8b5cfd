"""PNGs that describe their colours without an ICC profile."""

from __future__ import annotations

import struct
from pathlib import Path

import icc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from raiha.backend.colour.icc_profile import read_profile
from raiha.backend.colour.png_colour import profile_of_chunks
from raiha.backend.colour.spaces import colour_space
from raiha.backend.image_file import read_image, write_image
from raiha.backend.image_metadata.png_chunks import Chunk, insert_chunks, read_chunks
from raiha.gallery_tools.errors import RaihaError

SRGB_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def gama(value: int) -> bytes:
    return struct.pack(">I", value)


@pytest.mark.parametrize(
    ("cicp", "primaries", "curve"),
    [
        (bytes([12, 13, 0, 1]), "p3", icc.SRGB_CURVE),
        (bytes([9, 8, 0, 1]), "rec2020", icc.linear()),
        (bytes([1, 4, 0, 1]), "srgb", icc.gamma(2.2)),
    ],
)
def test_coded_colours_are_those_of_the_profile_for_them(cicp: bytes, primaries: str, curve: bytes) -> None:
    found = profile_of_chunks({b"cICP": cicp}, None)
    colours = np.random.default_rng(0).random((3, 500), dtype=np.float32)
    expected = colour_space(icc.profile(primaries, curve)).to_srgb(colours)
    assert np.abs(colour_space(found).to_srgb(colours) - expected).max() < 4e-3


def test_linear_light_is_read_by_its_gamma() -> None:
    profile = profile_of_chunks({b"gAMA": gama(100000)}, None)
    assert profile is not None
    assert colour_space(profile).to_srgb(np.full((3, 1), 0.2140, np.float32)) == pytest.approx(0.5, abs=2e-3)


@pytest.mark.parametrize(
    "chunks",
    [
        {},
        {b"sRGB": b"\0", b"gAMA": gama(100000)},
        {b"gAMA": gama(45455)},
        {b"gAMA": gama(45455), b"cHRM": SRGB_CHRM},
        {b"gAMA": gama(0)},
        {b"cICP": bytes([1, 13, 0, 1])},
    ],
)
def test_srgb_in_all_its_forms(chunks: dict[bytes, bytes]) -> None:
    assert profile_of_chunks(chunks, None) is None


def test_a_code_comes_before_a_profile_and_a_profile_before_a_gamma() -> None:
    adobe = icc.profile("adobe", icc.gamma(2.2), 2)
    assert profile_of_chunks({b"gAMA": gama(100000)}, adobe) == adobe
    assert profile_of_chunks({b"cICP": bytes([1, 13, 0, 1])}, adobe) is None


@pytest.mark.parametrize(
    "code", [(9, 16, 0, 1), (9, 18, 0, 1), (1, 13, 1, 1), (1, 13, 0, 0), (2, 2, 0, 1), (99, 13, 0, 1)]
)
def test_what_cannot_be_shown_as_srgb_is_refused(code: tuple[int, ...]) -> None:
    with pytest.raises(RaihaError) as caught:
        profile_of_chunks({b"cICP": bytes(code)}, None)
    assert caught.value.code == "unknown-colours"


@given(
    gamma=st.none() | st.binary(max_size=5),
    chrm=st.none() | st.binary(min_size=30, max_size=33),
    cicp=st.none() | st.binary(max_size=5),
)
def test_any_values_are_a_profile_that_can_be_read_or_a_sentence(
    gamma: bytes | None, chrm: bytes | None, cicp: bytes | None
) -> None:
    chunks = {name: body for name, body in ((b"gAMA", gamma), (b"cHRM", chrm), (b"cICP", cicp)) if body is not None}
    try:
        profile = profile_of_chunks(chunks, None)
    except RaihaError as error:
        assert error.code in ("bad-profile", "unknown-colours")
        return
    if profile is not None:
        read_profile(profile)


def test_a_png_keeps_what_its_colours_mean(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (10, 20, 30)).save(tmp_path / "in.png")
    insert_chunks(tmp_path / "in.png", [Chunk(b"gAMA", gama(100000))])
    picture = read_image(tmp_path / "in.png")
    for name in ("out.png", "out.tif"):
        write_image(tmp_path / name, picture)
        again = read_image(tmp_path / name)
        assert (again.pixels == picture.pixels).all()
        assert again.profile == picture.profile
    assert Chunk(b"gAMA", gama(100000)) in read_chunks(tmp_path / "out.png")
