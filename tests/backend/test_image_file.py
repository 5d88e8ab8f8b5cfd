from __future__ import annotations

from pathlib import Path

import icc
import numpy as np
import pytest
from PIL import Image

from raiha.backend.image_file import ImageFile, alike, converted, read_image, read_mask, write_image
from raiha.gallery_tools.errors import RaihaError

ADOBE = icc.profile("adobe", icc.gamma(2.2), 2)


def pixels(dtype: str, channels: int = 3, size: tuple[int, int] = (21, 33)) -> np.ndarray:
    white = np.iinfo(dtype).max if dtype.startswith("u") else 1.5
    return (np.random.default_rng(0).random((*size, channels)) * white).astype(dtype)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("ending", "dtype"),
    [
        (".png", "uint8"),
        (".png", "uint16"),
        (".tif", "uint8"),
        (".tif", "uint16"),
        (".TIFF", "float32"),
        (".webp", "uint8"),
    ],
)
def test_what_is_written_is_read_again_bit_for_bit(tmp_path: Path, ending: str, dtype: str, channels: int) -> None:
    path = tmp_path / f"picture{ending}"
    written = ImageFile(pixels(dtype, channels), ADOBE, resolution=(10.0, 5.0))
    write_image(path, written)
    read = read_image(path)
    assert read.pixels.dtype == written.pixels.dtype
    assert (read.pixels == written.pixels).all()
    assert read.profile == ADOBE
    if ending != ".webp":
        assert read.resolution == pytest.approx((10, 5), rel=1e-3)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    for value in (1, 2):
        write_image(tmp_path / "a.png", ImageFile(np.full((4, 4, 3), value, dtype=np.uint8)))
        assert read_image(tmp_path / "a.png").pixels[0, 0, 0] == value


@pytest.mark.parametrize(("ending", "dtype"), [(".jpg", "uint16"), (".webp", "float32"), (".png", "float32")])
def test_a_format_takes_the_depth_that_it_can_hold(tmp_path: Path, ending: str, dtype: str) -> None:
    path = tmp_path / f"picture{ending}"
    gray = np.full((16, 16, 3), 0.5 if dtype == "float32" else 32768, dtype=dtype)
    write_image(path, ImageFile(gray))
    read = read_image(path).pixels
    assert read.dtype == (np.uint16 if ending == ".png" else np.uint8)
    assert abs(int(read[8, 8, 0]) - np.iinfo(read.dtype).max / 2) <= 1


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif"])
def test_rotation_is_applied_and_metadata_kept(tmp_path: Path, ending: str) -> None:
    picture = Image.new("RGB", (40, 20))
    picture.paste((255, 255, 255), (0, 0, 20, 20))
    exif = picture.getexif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    picture.save(tmp_path / "in.jpg", exif=exif, dpi=(300, 300))
    read = read_image(tmp_path / "in.jpg")
    assert read.pixels.shape == (40, 20, 3)
    assert read.pixels[:15].min() > 200 > 50 > read.pixels[25:].max()
    write_image(tmp_path / f"out{ending}", read)
    with Image.open(tmp_path / f"out{ending}") as again:
        assert again.size == (20, 40)
        assert ending == ".tif" or again.getexif()[0x010F] == "A camera"  # libvips writes no EXIF into TIFF
        assert again.getexif().get(0x0112, 1) == 1
        assert again.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_gray_and_palettes_become_rgb(tmp_path: Path, mode: str) -> None:
    picture = Image.new(mode, (7, 5), 0)
    picture.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").pixels.shape == (5, 7, 4 if mode.endswith("A") else 3)


def test_a_mask_is_read_from_gray_bits_and_colours(tmp_path: Path) -> None:
    values = np.array([[0, 128, 255]], dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "gray.png")
    Image.fromarray(np.repeat(values[..., None], 3, axis=2)).save(tmp_path / "rgb.png")
    Image.fromarray(values.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    for name in ("gray.png", "rgb.png", "deep.png"):
        assert (read_mask(tmp_path / name) == values).all()


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    Image.fromarray(pixels("uint8", size=(200, 200))).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("CMYK", (5, 5)).save(tmp_path / "cmyk.jpg")
    wanted = {"cut.jpg": "unreadable-image", "text.jpg": "unreadable-image", "empty.png": "unreadable-image"}
    for name, code in {**wanted, "cmyk.jpg": "not-rgb", "missing.png": "no-file"}.items():
        with pytest.raises(RaihaError) as caught:
            read_image(tmp_path / name)
        assert caught.value.code == code, name
        assert name in caught.value.sentence


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    picture = ImageFile(pixels("uint8", 4))
    for name, code in {"a.jpg": "no-alpha", "a.xyz": "unknown-format", "none/a.png": "not-written"}.items():
        with pytest.raises(RaihaError) as caught:
            write_image(tmp_path / name, picture)
        assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"old")
    with pytest.raises(RaihaError) as caught:
        write_image(tmp_path / "a.webp", ImageFile(np.zeros((4, 20000, 3), dtype=np.uint8)))  # WebP ends at 16383
    assert caught.value.code == "not-written"
    assert (tmp_path / "a.webp").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.webp"]


def test_depths_are_converted_to_nearest_and_limited() -> None:
    values = np.array([[[-0.5, 0.5, 2.0]]], dtype=np.float32)
    assert converted(values, np.dtype(np.uint8)).tolist() == [[[0, 128, 255]]]
    assert converted(np.array([[[0, 128, 255]]], dtype=np.uint8), np.dtype(np.uint16)).tolist() == [[[0, 32896, 65535]]]


def test_a_picture_takes_another_ones_space_and_depth() -> None:
    srgb = ImageFile(np.full((4, 5, 4), (0, 255, 0, 99), dtype=np.uint8))
    moved = alike(srgb, ImageFile(pixels("uint16"), ADOBE))
    assert moved.dtype == np.uint16
    assert moved.shape == (4, 5, 4)
    assert np.abs(moved[0, 0] / 65535 - (0.565, 1.0, 0.234, 99 / 255)).max() < 0.01
