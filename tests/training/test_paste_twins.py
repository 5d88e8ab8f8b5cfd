"""Paste twins: equal to the tool that defines the measure, free of rims, and with a fringe where asked for."""

from __future__ import annotations

import sys
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from drawn_pairs import ball_pair
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from tiny_iharmony4 import build_iharmony4

from raiha.backend.evaluation import PairPixels, find_pairs, read_pair
from raiha.gallery_tools.errors import RaihaError
from raiha.training.evaluation.paste_twins import PasteTwin, main, make_twin, write_twins

# BLAKE2b (8 bytes) of composite, real picture and mask, as the tool by which twins were first made writes them.
DEFINED = {
    (96, 128): ("5e70bd4e0e14397a", "79ffa49e9581d2c0", "dc7eeb26c3aaeb53"),
    (150, 90): ("65dabb412d918ecd", "7e8148c4e51da2e8", "ff34691f0fe30da9"),
    (1100, 700): ("74836794531ebd3a", "7c5ec1cb98769012", "c4c0a6a655af23bd"),
}


def twin_of(pair: PairPixels, other: PairPixels | None = None) -> PasteTwin:
    twin = make_twin(pair, other)
    assert twin is not None
    return twin


def largest_difference(one: NDArray[np.uint8], other: NDArray[np.uint8], where: NDArray[np.bool_]) -> int:
    return int(np.abs(one[where].astype(int) - other[where]).max())


@pytest.mark.parametrize("size", DEFINED)
def test_twins_are_those_of_the_definition_pixel_for_pixel(size: tuple[int, int]) -> None:
    twin = twin_of(ball_pair(*size))
    pictures = twin.composite, twin.real, twin.mask
    assert tuple(blake2b(pixels.tobytes(), digest_size=8).hexdigest() for pixels in pictures) == DEFINED[size]


def test_a_twin_has_neither_rim() -> None:
    pair = ball_pair(96, 128)
    twin = twin_of(pair)
    from_edge = ndimage.distance_transform_edt(pair.mask) + ndimage.distance_transform_edt(~pair.mask)
    object_left, background_left = pair.mask & (from_edge > 6), ~pair.mask & (from_edge > 5)
    assert np.array_equal(twin.composite[object_left], pair.composite[object_left])
    assert np.array_equal(twin.real[object_left], pair.real[object_left])
    assert np.array_equal(twin.composite[background_left], pair.real[background_left])
    assert (twin.mask[object_left] == 255).all() and not twin.mask[background_left].any()
    assert np.array_equal(twin.composite[twin.mask == 0], twin.real[twin.mask == 0])
    repainted = ~pair.mask & (from_edge < 3)  # where the pair has a rim of the object's surroundings
    assert largest_difference(twin.composite, pair.real, repainted) > 40


def test_a_pair_of_which_little_would_remain_has_no_twin() -> None:
    assert make_twin(ball_pair(40, 40, radius=0.2)) is None
    assert make_twin(ball_pair(60, 60, radius=0.7)) is None


def test_a_fringe_is_two_pixels_of_the_other_photo_that_change_as_the_object_does() -> None:
    pair, other = ball_pair(96, 128), ball_pair(80, 90, seed=1)
    white = PairPixels(other.composite, np.full_like(other.real, 240), other.mask)
    clean, fringed = twin_of(pair), twin_of(pair, white)
    solid = clean.mask > 127
    outside = ndimage.distance_transform_edt(~solid)
    ring = (outside > 1) & (outside < 2)
    assert ring.any() and (fringed.mask[ring] > 127).all() and (clean.mask[ring] < 64).all()
    assert fringed.composite[ring].min() > 180 > 140 > clean.composite[ring][:, 1].min()
    darkened_by = fringed.real[ring].astype(int) - fringed.composite[ring]
    assert (darkened_by >= 0).all(), "the ball is brighter in the real picture, and so is its fringe"
    within, beyond = ndimage.binary_erosion(solid, iterations=4), outside > 6
    for fringed_pixels, clean_pixels in ((fringed.composite, clean.composite), (fringed.real, clean.real)):
        assert np.array_equal(fringed_pixels[within], clean_pixels[within])
        assert np.array_equal(fringed_pixels[beyond], clean_pixels[beyond])
    again = twin_of(pair, white)
    assert np.array_equal(again.composite, fringed.composite) and np.array_equal(again.real, fringed.real)


def test_the_other_photos_object_is_no_part_of_a_fringe() -> None:
    pair, other = ball_pair(96, 128), ball_pair(96, 128, seed=1, radius=0.45)
    red = np.where(other.mask[..., None], np.array([255, 0, 0], np.uint8), np.uint8(128))
    fringed = twin_of(pair, PairPixels(red, red, other.mask))
    ring = (fringed.mask > 127) & (twin_of(pair).mask < 64)
    assert ring.any() and (fringed.composite[ring][:, 0] < 200).all()


def test_the_command_writes_subsets_that_can_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build_iharmony4(tmp_path / "pairs")
    for options in ([], ["--fringe"]):
        out = tmp_path / f"twins{len(options)}"
        monkeypatch.setattr(sys, "argv", ["paste_twins", str(tmp_path / "pairs"), str(out), *options])
        main()
        pairs, twins = find_pairs(tmp_path / "pairs"), find_pairs(out)
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"{len(twins)} twins written to {out}"
        left_out = lines[1].removeprefix("Left out, too small: ").split(", ")
        assert sorted(left_out + [twin.name.removesuffix("x") for twin in twins]) == [pair.name for pair in pairs]
        assert 0 < len(twins) < len(pairs)
        pixels = read_pair(twins[0])
        assert largest_difference(pixels.composite, pixels.real, pixels.mask) > 10


def test_a_fringe_needs_another_photo(tmp_path: Path) -> None:
    build_iharmony4(tmp_path)
    pairs = [pair for pair in find_pairs(tmp_path) if pair.composite.stem.startswith("a0001")]
    assert len(pairs) == 2
    with pytest.raises(RaihaError, match="same photo"):
        write_twins(pairs, tmp_path / "out", fringe=True)


def test_twins_are_lossless_files(tmp_path: Path) -> None:
    twin = twin_of(ball_pair(96, 128))
    twin.write(tmp_path, "ball")
    with Image.open(tmp_path / "real_images" / "ball.png") as image:
        assert np.array_equal(np.asarray(image), twin.real)
