"""The measure of first references, on sample photos with a tiny extractor."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raiha.gallery_tools.extractors.registry import EXTRACTORS
from raiha.gallery_tools.records import Features, NewPhoto, PhotoFile
from raiha.gallery_tools.search import Reference, search
from raiha.gallery_tools.store import Gallery
from raiha.training.evaluation.reference_calibration import (
    Query,
    Tally,
    ValObject,
    draw_sheets,
    first_references,
    read_judgements,
    val_objects,
)

INFO = replace(EXTRACTORS["bundled"], name="tiny", dimension=16, content_share=0.0)


def one_hot(places: list[int], size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[np.array([places])]


@pytest.fixture
def data(tmp_path):
    """Two scenes of the val split, of which one has two photos; a speck, a photo that is all object, a train photo."""
    rng = np.random.default_rng(0)
    rows = []
    for name, scene, split, side in (
        ("a", "first", "val", 20),
        ("b", "first", "val", 20),
        ("c", "second", "val", 20),
        ("speck", "third", "val", 2),
        ("all", "fourth", "val", 40),
        ("train", "fifth", "train", 20),
    ):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
        mask = np.zeros((40, 40), np.uint8)
        mask[:side, :side] = 255
        Image.fromarray(mask).save(tmp_path / f"{name}_0.png")
        rows.append({"file": f"{name}.png", "masks": [f"{name}_0.png"], "split": split, "group": scene})
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_one_object_of_each_scene_of_the_val_split(data):
    names = [one.mask.name for one in val_objects(data)]
    assert len(names) == 2
    assert "c_0.png" in names
    assert {"a_0.png", "b_0.png"} & set(names)
    assert names == [one.mask.name for one in val_objects(data)]


def test_first_references_are_those_of_a_search_for_each_share(tmp_path):
    # The object is four patches (1, 4, 5, 6). The more of them a photo shows, the less its light agrees.
    shares = [0.0, 0.25, 0.3, 0.5, 0.75, 1.0]
    query = Query(one_hot([1, 4, 5, 6, 2, 2, 2], 16), one_hot([5, 5, 5, 5, 8, 8, 8], 24), np.array([[1] * 4 + [0] * 3]))
    query = replace(query, mask_grid=query.mask_grid.astype(np.float32))
    mixed = np.sqrt(np.array([[0.04, 0.96]], np.float32))
    with Gallery.create("test", INFO) as gallery:
        for name, content, alike in (("quarter", [1, 7, 7, 2, 2], 1.0), ("most", [1, 4, 5, 2, 3], 0.2)):
            appearance = one_hot([5, 5, 5, 8, 8], 24)
            if alike < 1:
                content, appearance = [*content, 2], one_hot([5, 5, 5, 9, 8, 8], 24)
                appearance[0, 3] = mixed[0, 0] * one_hot([8], 24)[0, 0] + mixed[0, 1] * one_hot([9], 24)[0, 0]
            (tmp_path / name).touch()
            photo = PhotoFile(tmp_path / name, 0, 0, name.encode())
            gallery.add([NewPhoto(photo, 64, 64, Features(one_hot(content, 16), appearance))])
        found = first_references(gallery, INFO, query, shares)
        direct = [
            search(gallery, replace(INFO, content_share=share), query.content, query.appearance, query.mask_grid, k=1)
            for share in shares
        ]
    assert found == [references[0] if references else None for references in direct]
    names = [one and one.path.name for one in found]
    assert names == ["quarter", "quarter", "most", "most", "most", None]


def test_tally_counts_what_is_shown_judged_and_of_the_same_kind(tmp_path):
    file = tmp_path / "judgements.csv"
    file.write_text("mask,reference,same_kind\na.png,cat.jpg,yes\nb.png,dog.jpg,no\n")
    judgements = read_judgements(file)
    pairs = [
        (ValObject(Path(photo), Path(f"{photo}.png")), reference and Reference(1, Path(reference), 0.5, 0.5, 1.0))
        for photo, reference in (("a", "cat.jpg"), ("b", "dog.jpg"), ("c", "cat.jpg"), ("d", None))
    ]
    assert Tally.of(pairs, judgements) == Tally(objects=4, shown=3, judged=2, same_kind=1)
    assert str(Tally.of(pairs, judgements)) == "3 of 4 find one, 1 of the same kind (50%), 1 not judged"
    assert read_judgements(tmp_path / "none.csv") == {}


def test_sheets_show_the_object_beside_its_reference(data, tmp_path):
    pairs = [(one, data / "train.png") for one in val_objects(data)] * 8
    draw_sheets(pairs, tmp_path / "sheets")
    pages = sorted((tmp_path / "sheets").glob("*.png"))
    assert [page.name for page in pages] == ["page00.png", "page01.png"]
    first = np.asarray(Image.open(pages[0]))
    assert first[30:60, 203:223].std() > 20
    lines = (tmp_path / "sheets" / "unjudged.csv").read_text().splitlines()
    assert len(lines) == 17
    assert lines[1] == f"{pairs[0][0].mask.name},train.png,"
