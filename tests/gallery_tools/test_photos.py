from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from tiny_extractor import SAMPLES

from raiha.gallery_tools import photo_folders, photos
from raiha.gallery_tools.photo_folders import find_photos
from raiha.gallery_tools.photos import UnreadablePhoto, load_photo

RAMP = np.linspace(0, 255, 64 * 48, dtype=np.float64).reshape(48, 64)
COLOURS = np.stack([RAMP, RAMP[::-1], np.full_like(RAMP, 90)], axis=-1).round().astype(np.uint8)


def saved(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp", "a.tif", "a.tiff"])
def test_formats(tmp_path, name):
    options = {"quality": 95} if name.lower().endswith(("jpg", "jpeg", "webp")) else {}
    pixels = load_photo(saved(tmp_path, Image.fromarray(COLOURS), name, **options))
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - COLOURS).mean() < 3


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bit_grey_spans_the_same_range(tmp_path, name):
    deep = (RAMP * 257).round().astype(np.uint16)
    pixels = load_photo(saved(tmp_path, Image.fromarray(deep), name))
    assert np.abs(pixels.astype(int) - RAMP[..., None]).max() <= 1


def test_float_grey(tmp_path):
    pixels = load_photo(saved(tmp_path, Image.fromarray((RAMP / 255).astype(np.float32)), "float.tif"))
    assert np.abs(pixels.astype(int) - RAMP[..., None]).max() <= 1


def test_sixteen_bit_colour_tiff(tmp_path):
    import pyvips

    deep = COLOURS.astype(np.uint16) * 257
    pyvips.Image.new_from_array(deep).copy(interpretation="rgb16").write_to_file(str(tmp_path / "deep.tif"))
    assert np.abs(load_photo(tmp_path / "deep.tif").astype(int) - COLOURS).max() <= 1


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "RGBA", "CMYK"])
def test_modes(tmp_path, mode):
    name = "mode.tif" if mode == "CMYK" else "mode.png"
    image = Image.fromarray(COLOURS).convert(mode)
    pixels = load_photo(saved(tmp_path, image, name))
    assert pixels.shape == (48, 64, 3)
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_transparent_parts_are_white(tmp_path):
    see_through = np.dstack([COLOURS, np.zeros(RAMP.shape, np.uint8)])
    assert (load_photo(saved(tmp_path, Image.fromarray(see_through), "clear.png")) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path, orientation):
    stored_as = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    upright = Image.fromarray(COLOURS)
    stored = upright if stored_as is None else upright.transpose(Image.Transpose(stored_as))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = load_photo(saved(tmp_path, stored, "turned.png", exif=exif))
    np.testing.assert_array_equal(pixels, COLOURS)


def test_embedded_profile_is_applied(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    linear = linear_profile()
    pixels = load_photo(saved(tmp_path, Image.fromarray(COLOURS), "linear.png", icc_profile=linear))
    expected = 255 * encode_srgb(COLOURS / 255)
    assert np.abs(pixels - expected)[COLOURS > 10].max() <= 3
    unfit = saved(tmp_path, Image.fromarray(COLOURS), "unfit.png", icc_profile=lab.tobytes())
    np.testing.assert_array_equal(load_photo(unfit), COLOURS)
    broken = saved(tmp_path, Image.fromarray(COLOURS), "broken.png", icc_profile=linear[:200])
    np.testing.assert_array_equal(load_photo(broken), COLOURS)


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def linear_profile() -> bytes:
    """sRGB's profile with its tone curves made straight."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(int.from_bytes(profile[128:132], "big")):
        entry = 132 + 12 * number
        if profile[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(profile[entry + 4 : entry + 8], "big")
            profile[start : start + 12] = b"curv" + bytes(8)
            profile[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
    return bytes(profile)


def test_smaller_side_is_asked_for(tmp_path):
    whole = load_photo(SAMPLES[1])
    small = load_photo(SAMPLES[1], 100)
    assert max(small.shape) == 100
    assert abs(small.shape[0] / small.shape[1] - whole.shape[0] / whole.shape[1]) < 0.02
    exact = np.asarray(Image.fromarray(whole).resize(small.shape[1::-1], Image.Resampling.BICUBIC))
    assert np.abs(exact.astype(int) - small).mean() < 4
    assert load_photo(SAMPLES[1], 10_000).shape == whole.shape


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("truncated.jpg", SAMPLES[0].read_bytes()[:20_000]),
        ("text.jpg", b"this is no photo"),
        ("empty.jpg", b""),
        ("vector.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n"),
    ],
)
def test_unusable_file_is_told_in_a_sentence(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadablePhoto) as error:
        load_photo(tmp_path / name)
    assert name in error.value.sentence
    assert error.value.reason


def test_missing_folder_and_small_photos_are_refused(tmp_path):
    for path in (tmp_path / "nothing.jpg", tmp_path, saved(tmp_path, Image.new("RGB", (1, 1)), "one.png")):
        with pytest.raises(UnreadablePhoto):
            load_photo(path)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    photo = saved(tmp_path, Image.fromarray(COLOURS), "large.png")
    monkeypatch.setattr(photos, "MOST_PIXELS", 1000)
    with pytest.raises(UnreadablePhoto, match="megapixels"):
        load_photo(photo, 32)
    bomb = saved(tmp_path, Image.new("1", (20_000, 20_000)), "bomb.png")
    with pytest.raises(UnreadablePhoto, match="pixels"):
        load_photo(bomb, 32)


def test_large_jpeg_is_decoded_at_a_fraction(tmp_path, monkeypatch):
    photo = saved(tmp_path, Image.new("RGB", (1600, 1200), "teal"), "large.jpg")
    monkeypatch.setattr(photos, "MOST_PIXELS", 200 * 150)
    assert load_photo(photo, 200).shape == (150, 200, 3)


@settings(max_examples=60)
@given(cut=st.integers(0, 60_000), flips=st.lists(st.tuples(st.integers(0, 59_999), st.integers(0, 255)), max_size=20))
def test_damaged_bytes_never_do_more_than_fail(cut, flips):
    data = bytearray(SAMPLES[0].read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    try:
        pixels = photos.decode_photo(Path("damaged.jpg"), bytes(data[:cut]), 64).pixels
    except UnreadablePhoto:
        return
    assert pixels.ndim == 3


def test_finds_photos_below_folders_once_and_in_order(tmp_path):
    for name in ("b/2.jpg", "b/1.PNG", "a/3.webp", "notes.txt", ".hidden.jpg", ".trash/4.jpg", "b/_private.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = list(find_photos([tmp_path, tmp_path / "b"]))
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a/3.webp",
        "b/1.PNG",
        "b/2.jpg",
        "b/_private.tif",
    ]


def test_links_are_followed_but_not_in_circles(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "1.jpg").touch()
    (outside / "2.jpg").touch()
    (inside / "a loop").symlink_to(inside)
    (inside / "b").symlink_to(outside)
    (outside / "back").symlink_to(inside)
    assert [path.name for path in find_photos([inside])] == ["1.jpg", "2.jpg"]


def test_names_what_it_cannot_use(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_folders, "HAS_HEIF", False)
    monkeypatch.setattr(photo_folders, "HAS_RAW", False)
    (tmp_path / "phone.heic").touch()
    (tmp_path / "camera.nef").touch()
    Path(os.fsdecode(bytes(tmp_path / "odd") + b"\xff.jpg")).touch()
    skipped: dict[str, str] = {}
    assert not list(find_photos([tmp_path], lambda path, reason: skipped.update({path.name: reason})))
    assert "raiha[heif]" in skipped["phone.heic"]
    assert "raiha[raw]" in skipped["camera.nef"]
    assert "Unicode" in skipped["odd\ufffd.jpg"]


def test_folder_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "1.jpg").touch()
    (tmp_path / "shut").mkdir()
    scan = os.scandir

    def refuse(folder):
        if Path(folder).name == "shut":  # a test that runs as root could open a folder of mode 0
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(photo_folders.os, "scandir", refuse)
    skipped = []
    found = list(find_photos([tmp_path], lambda path, reason: skipped.append((path.name, reason))))
    assert [path.name for path in found] == ["1.jpg"]
    assert skipped == [("shut", "cannot be opened (Permission denied)")]


def test_heif_when_it_is_installed(tmp_path):
    pytest.importorskip("pillow_heif")
    data = io.BytesIO()
    Image.fromarray(COLOURS).save(data, "HEIF", quality=95)
    (tmp_path / "phone.heic").write_bytes(data.getvalue())
    assert [path.name for path in find_photos([tmp_path])] == ["phone.heic"]
    assert np.abs(load_photo(tmp_path / "phone.heic").astype(int) - COLOURS).mean() < 6
