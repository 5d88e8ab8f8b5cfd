from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import icc
import numpy as np
import pytest
from PIL import Image

from raiha.backend.colour.spaces import colour_space
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
        assert again.getexif()[0x010F] == "A camera"
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


def test_what_is_transparent_in_a_mask_is_not_the_object(tmp_path: Path) -> None:
    values = np.array([[0, 128, 255, 77]], dtype=np.uint8)
    white = np.full_like(values, 255)
    Image.fromarray(np.dstack([white, white, white, values])).save(tmp_path / "rgba.png")
    Image.merge("LA", [Image.fromarray(white), Image.fromarray(values)]).save(tmp_path / "la.png")
    palette = Image.fromarray(np.arange(4, dtype=np.uint8)[None], "P")
    palette.putpalette([255] * 12)
    palette.save(tmp_path / "palette.png", transparency=values.tobytes())
    for name in ("rgba.png", "la.png", "palette.png"):
        assert (read_mask(tmp_path / name) == values).all(), name


def test_a_mask_of_another_size_is_told_from_its_header(tmp_path: Path) -> None:
    Image.new("L", (300, 200)).save(tmp_path / "mask.png")
    whole = (tmp_path / "mask.png").read_bytes()
    (tmp_path / "mask.png").write_bytes(whole[: len(whole) // 2])  # its pixels could not be read
    with pytest.raises(RaihaError) as caught:
        read_mask(tmp_path / "mask.png", (300, 200))
    assert caught.value.code == "mask-size"
    with pytest.raises(RaihaError) as caught:
        read_mask(tmp_path / "mask.png", (200, 300))
    assert caught.value.code == "unreadable-image"


def test_more_pixels_than_memory_holds_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (4000, 4000)).save(tmp_path / "a.png")

    class Memory:
        available = 1 << 20

    monkeypatch.setattr("raiha.backend.image_file.virtual_memory", Memory)
    with pytest.raises(RaihaError) as caught:
        read_image(tmp_path / "a.png")
    assert caught.value.code == "out-of-memory"


@pytest.mark.parametrize("kind", [6, 9, 10, 32803, 34892])
def test_tiffs_whose_values_are_not_rgb_are_refused(tmp_path: Path, kind: int) -> None:
    Image.fromarray(pixels("uint8", size=(20, 20))).save(tmp_path / "a.tif")
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    at = whole.find((262).to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little"))
    whole[at + 8 : at + 10] = kind.to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(whole)
    with pytest.raises(RaihaError) as caught:
        read_image(tmp_path / "a.tif")
    assert caught.value.code in ("not-rgb", "unreadable-image")


def test_a_jpeg_inside_a_tiff_is_rgb_after_all(tmp_path: Path) -> None:
    smooth = np.dstack([*np.meshgrid(np.arange(64), np.arange(64)), np.full((64, 64), 90)]).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.tif", compression="jpeg", quality=98)
    assert np.abs(read_image(tmp_path / "a.tif").pixels.astype(int) - smooth).max() < 12


def test_a_photo_in_adobe_rgb_without_a_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 65535
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    profile = read_image(tmp_path / "a.jpg").profile
    colours = np.random.default_rng(0).random((3, 50), dtype=np.float32)
    difference = colour_space(profile).to_srgb(colours) - colour_space(ADOBE).to_srgb(colours)
    assert np.abs(difference).max() < 2e-3


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_a_gray_picture_whose_profile_leads_to_lightness(tmp_path: Path, depth: str) -> None:
    """A kTRC to L*, straight: a value of v looks as L* = 100 v does."""
    white = np.iinfo(depth).max
    values = np.linspace(0, white, 40, dtype=depth)[None]
    tags = {b"desc": icc._text(b"L", 2), b"cprt": icc._text(b"-", 2), b"wtpt": icc._xyz(0.9642, 1.0, 0.8249)}
    profile = icc.pack(tags | {b"kTRC": icc.linear()}, 2, b"mntrGRAYLab ")
    Image.fromarray(values).save(tmp_path / "a.png", icc_profile=profile)
    read = read_image(tmp_path / "a.png")
    seen = colour_space(read.profile).to_srgb(np.moveaxis(read.pixels, 2, 0).astype(np.float32) / white)
    lightness = values[0] / white * 100
    luminance = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    expected = np.where(luminance > 0.0031308, 1.055 * luminance ** (1 / 2.4) - 0.055, 12.92 * luminance)
    assert np.abs(seen[:, 0] - expected).max() < 4e-3


def test_a_written_file_keeps_the_old_ones_mode_and_link(tmp_path: Path) -> None:
    (tmp_path / "kept.png").write_bytes(b"old")
    (tmp_path / "kept.png").chmod(0o640)
    (tmp_path / "link.png").symlink_to("kept.png")
    write_image(tmp_path / "link.png", ImageFile(pixels("uint8")))
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "kept.png").stat().st_mode & 0o777 == 0o640
    assert read_image(tmp_path / "kept.png").pixels.shape == (21, 33, 3)


def test_a_folder_and_a_pipe_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("folder.png", "pipe.png"):
        with pytest.raises(RaihaError) as caught:
            write_image(tmp_path / name, ImageFile(pixels("uint8")))
        assert caught.value.code == "not-a-file"


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp"])
def test_a_full_disk_is_told_as_that(tmp_path: Path, ending: str) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    program = (
        "import sys, numpy; from pathlib import Path; from raiha.backend.image_file import ImageFile, write_image\n"
        "noise = numpy.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=numpy.uint8)\n"
        "try: write_image(Path(sys.argv[1]), ImageFile(noise))\n"
        "except Exception as error: print(type(error).__name__, error.code)"
    )
    (tmp_path / f"a{ending}").write_bytes(b"old")
    command = [sys.executable, "-c", program, str(tmp_path / f"a{ending}")]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    assert done.stdout.strip() == "RaihaError not-written", done.stderr
    assert (tmp_path / f"a{ending}").read_bytes() == b"old"


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 1), ("uint16", 1), ("uint16", 255)])
def test_a_mask_that_was_never_scaled_is_refused(tmp_path: Path, dtype: str, white: int) -> None:
    mask = np.zeros((20, 30), dtype)
    mask[5:10, 5:10] = white
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with pytest.raises(RaihaError) as caught:
        read_mask(tmp_path / "mask.png")
    assert caught.value.code == "mask-too-dark" and caught.value.remedy


def test_dark_but_graded_masks_are_read(tmp_path: Path) -> None:
    for values, dtype in (([0, 1, 2], "uint8"), ([0, 54], "uint8"), ([0, 128, 255, 300], "uint16"), ([0], "uint8")):
        Image.fromarray(np.array([values] * 4, dtype)).save(tmp_path / "mask.png")
        assert read_mask(tmp_path / "mask.png").shape == (4, len(values))
