"""Time, camera and place: read from EXIF, and what follows from them for a search."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from raiha.gallery_tools.capture import Capture, same_burst, same_hour_and_place
from raiha.gallery_tools.exif import read_capture

NOON = 1_700_000_000
PARIS = (48.8584, 2.2945)


def jpeg(time="2023:11:14 22:13:20", north=(48, 51, 30.24), side="N", **main) -> bytes:
    exif = Image.Exif()
    exif.update({0x010F: "Maker", 0x0110: "Model 1", **main})
    exif.get_ifd(0x8769)[0x9003] = time
    exif.get_ifd(0x8825).update({1: side, 2: north, 3: "W", 4: (2.0, 17.0, 40.2)})
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_time_camera_and_place_are_read():
    capture = read_capture(jpeg())
    assert (capture.taken, capture.camera) == (NOON, "Maker Model 1")
    assert (capture.latitude, capture.longitude) == pytest.approx((48.8584, -2.2945))
    assert read_capture(jpeg(side="S")).latitude == pytest.approx(-48.8584)


def test_what_makes_no_sense_is_left_out():
    assert read_capture(jpeg(time="0000:00:00 00:00:00")).taken is None
    assert read_capture(jpeg(north=(148.0, 0.0, 0.0))) == Capture(NOON, "Maker Model 1")
    assert read_capture(b"no photo") == Capture()


@pytest.mark.filterwarnings("ignore:::PIL.TiffImagePlugin")
@given(st.binary(max_size=300), st.integers(0, 900))
def test_damaged_exif_never_does_more_than_tell_nothing(noise, place):
    data = jpeg()
    read_capture(data[:place] + noise + data[place + len(noise) :])
    read_capture(b"II*\0" + noise)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Capture(NOON + 3600, "B", *PARIS), True),
        (Capture(NOON + 3601, "A", *PARIS), False),
        (Capture(NOON, "A", 48.9, 2.2945), False),  # 4.6 km away
        (Capture(NOON, "A"), True),
        (Capture(NOON, "B"), False),
        (Capture(None, "A", *PARIS), False),
    ],
)
def test_same_hour_and_place(other, same):
    assert same_hour_and_place(Capture(NOON, "A", *PARIS), other) is same
    assert same_hour_and_place(other, Capture(NOON, "A", *PARIS)) is same


def test_a_burst_is_of_one_camera_and_a_moment():
    assert same_burst(Capture(NOON, "A"), Capture(NOON + 2, "A"))
    assert not same_burst(Capture(NOON, "A"), Capture(NOON + 3, "A"))
    assert not same_burst(Capture(NOON, "A"), Capture(NOON, "B"))
    assert not same_burst(Capture(NOON), Capture(NOON))
