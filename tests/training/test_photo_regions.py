"""Regions of real photos: what is found, how it is packed, and how often it is drawn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raiha.training.data.json_lines import read_json_lines
from raiha.training.data.photo_pack import PhotoPack, build
from raiha.training.data.photo_regions import find_regions
from raiha.training.samples.objects import ObjectSampler, bounding_boxes, usable_objects
from tests.training.conftest import SAMPLES


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sample photos with a mask each, one of the train and one of the val split, and what the command finds."""
    folder = tmp_path_factory.mktemp("regions")
    chosen = [entry for entry in read_json_lines(SAMPLES / "manifest.jsonl") if entry.get("masks")][:2]
    lines = [
        json.dumps({"file": str(SAMPLES / entry["file"]), "masks": [str(SAMPLES / entry["masks"][0])], "split": split})
        for entry, split in zip(chosen, ("train", "val"), strict=True)
    ]
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    command = [sys.executable, "-m", "raiha.training.data.photo_regions", str(folder), str(folder / "regions.jsonl")]
    subprocess.run([*command, "--processes", "2"], check=True)
    return folder


@pytest.fixture(scope="module")
def pack(source: Path) -> PhotoPack:
    build(source, source / "pack_96", 96, source / "regions.jsonl")
    return PhotoPack.load(source / "pack_96")


def _sampler(source: Path, pack: PhotoPack, share: float) -> ObjectSampler:
    np.save(source / "content.npy", np.ones((2, 8, 8, 64), np.float16))
    boxes = bounding_boxes(pack)
    return ObjectSampler([pack], source / "content.npy", None, boxes, validation=False, seed=0, region_share=share)


def test_a_white_square_on_black_is_a_region_unless_it_is_known() -> None:
    photo = np.zeros((120, 160, 3), np.uint8)
    photo[30:70, 40:100] = 255
    (polygon,) = find_regions(photo, [], np.random.default_rng(0))
    bounds = min(polygon[::2]), max(polygon[::2]), min(polygon[1::2]), max(polygon[1::2])
    assert np.abs(np.subtract(bounds, (40, 100, 30, 70))).max() <= 2  # the segmentation smooths the photo first
    assert not find_regions(photo, [photo[..., 0] > 0], np.random.default_rng(0))


def test_regions_are_found_in_train_photos_alone(source: Path) -> None:
    lines = read_json_lines(source / "regions.jsonl")
    train = read_json_lines(source / "manifest.jsonl")[0]["file"]
    assert [line["file"] for line in lines] == [train]
    with Image.open(train) as image:
        width, height = image.size
    assert 1 <= len(lines[0]["regions"]) <= 4
    for polygon in lines[0]["regions"]:
        assert len(polygon) >= 6 and len(polygon) % 2 == 0
        assert min(polygon) >= 0 and max(polygon[::2]) <= width and max(polygon[1::2]) <= height


def test_packed_regions_differ_from_the_object(pack: PhotoPack) -> None:
    objects = np.flatnonzero(~pack.regions)
    assert len(objects) == 2 and pack.regions.any()
    height, width = pack.sizes[0]
    known = pack.masks[objects[0], :height, :width] > 127
    for number in np.flatnonzero(pack.regions):
        assert pack.owners[number] == 0
        mask = pack.masks[number, :height, :width] > 127
        assert 0.005 < mask.mean() < 0.42
        assert (mask & known).sum() <= 0.55 * (mask | known).sum()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_drawn_objects_are_regions(source: Path, pack: PhotoPack, share: float) -> None:
    sampler = _sampler(source, pack, share)
    drawn = np.concatenate([sampler._any_objects(100) for _ in range(10)])
    assert abs(pack.regions[drawn].mean() - share) < 0.06
    assert not pack.validation[pack.owners[drawn]].any()


def test_validation_draws_objects_alone(source: Path, pack: PhotoPack) -> None:
    held_out = _sampler(source, pack, 1.0).of_split(validation=True, seed=0)
    assert held_out._any_objects(20).tolist() == [int(np.flatnonzero(pack.owners == 1)[0])] * 20
    assert not len(usable_objects(pack, bounding_boxes(pack), validation=True, regions=True))


def test_packs_without_regions_are_told(packed: Path) -> None:
    pack = PhotoPack.load(packed / "pack_96")
    with pytest.raises(ValueError, match="--regions"):
        ObjectSampler(
            [pack], packed / "content.npy", None, bounding_boxes(pack), validation=False, seed=0, region_share=0.3
        )


def test_corners_are_those_of_a_large_photo(source: Path, tmp_path: Path) -> None:
    line = (source / "manifest.jsonl").read_text().splitlines()[0]
    entry = json.loads(line)
    with Image.open(entry["file"]) as image:
        size = 2 * image.width, 2 * image.height
        image.resize(size).save(tmp_path / "large.png")
    (tmp_path / "manifest.jsonl").write_text(json.dumps({**entry, "file": "large.png", "masks": []}))
    out = tmp_path / "regions.jsonl"
    subprocess.run([sys.executable, "-m", "raiha.training.data.photo_regions", str(tmp_path), str(out)], check=True)
    (found,) = read_json_lines(out)
    corners = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in found["regions"]])
    assert corners.max() > 384 and (corners <= size).all()
