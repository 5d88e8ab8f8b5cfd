"""iHarmony4's folders and lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_iharmony4 import NAMES, build_iharmony4, write_root_lists, write_subset_lists

from raiha.backend.evaluation import find_pairs, pair_of
from raiha.gallery_tools.errors import RaihaError
from raiha.training.data.iharmony4 import SUBSETS, has_lists, read_split

PAIRS_DEV = Path(__file__).parents[3] / "shared" / "data" / "pairs_dev"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build_iharmony4(tmp_path)
    return tmp_path


@pytest.mark.parametrize("whole_paths", [True, False])
@pytest.mark.parametrize("write", [write_root_lists, write_subset_lists])
def test_each_form_of_the_lists_gives_the_same_split(root: Path, write: object, whole_paths: bool) -> None:
    assert not has_lists(root, "test")
    write(root, whole_paths=whole_paths)  # type: ignore[operator]
    assert has_lists(root, "train") and has_lists(root, "test")
    test = read_split(root, "test")
    assert [(pair.subset, pair.composite.stem) for pair in test] == [(s, NAMES[s][-1]) for s in SUBSETS]
    train = read_split(root, "train")
    assert [pair.composite.stem for pair in train] == [name for subset in SUBSETS for name in NAMES[subset][:-1]]
    assert [pair.name for pair in read_split(root, "train", ["HCOCO"])] == ["HCOCO/c100_2000_1"]


def test_masks_and_real_pictures_are_those_of_the_composite(root: Path) -> None:
    write_root_lists(root)
    for pair in read_split(root, "train"):
        assert pair.composite.stem.startswith(pair.mask.stem) and pair.mask.stem.startswith(pair.real.stem)
    (night,) = read_split(root, "train", ["Hday2night"])
    assert night.real.name == "d90-20120114-145839.png" and night.mask.name == "d90-20120114-145839_1.png"


def test_without_lists_the_reader_says_what_to_do(root: Path) -> None:
    with pytest.raises(RaihaError, match="cannot be read") as caught:
        read_split(root, "train")
    assert caught.value.code == "list-missing"
    write_subset_lists(root)
    (root / "HFlickr" / "HFlickr_train.txt").unlink()
    with pytest.raises(RaihaError, match="HFlickr_train"):
        read_split(root, "train")
    assert len(read_split(root, "train", ["HCOCO", "HAdobe5k"])) == 3


@pytest.mark.parametrize("line", ["HCOCO/masks/c100_2000.png", "other.png", "../HCOCO/composite_images/x.png", "X/y/z"])
def test_lines_that_name_no_composite_are_told(root: Path, line: str) -> None:
    (root / "IHD_test.txt").write_text(line)
    with pytest.raises(RaihaError) as caught:
        read_split(root, "test")
    assert caught.value.code == "list-wrong"


def test_empty_lists_and_listed_files_that_are_missing_are_told(root: Path) -> None:
    (root / "IHD_test.txt").write_text("\n")
    with pytest.raises(RaihaError, match="names no composite"):
        read_split(root, "test")
    write_root_lists(root)
    (root / "HCOCO" / "composite_images" / "c100_2001_1.png").unlink()
    with pytest.raises(RaihaError, match="1 of 4 composites"):
        read_split(root, "test")
    (root / "HFlickr" / "masks" / "f13_1.png").unlink()
    with pytest.raises(RaihaError, match="no counterpart"):
        read_split(root, "test", ["HFlickr"])


@pytest.mark.skipif(not PAIRS_DEV.is_dir(), reason="no pairs_dev beside the repository")
def test_genuine_pairs_are_read_by_a_list_of_their_names(tmp_path: Path) -> None:
    # Their folder is one for all subsets, so it stands in for HAdobe5k's here.
    (tmp_path / "HAdobe5k").symlink_to(PAIRS_DEV / "iharmony4_test")
    found = find_pairs(PAIRS_DEV / "iharmony4_test")
    (tmp_path / "IHD_test.txt").write_text("\n".join(pair.composite.name for pair in found))
    read = read_split(tmp_path, "test")
    assert [pair.composite.name for pair in read] == [pair.composite.name for pair in found]
    assert all(pair.real.resolve() == other.real.resolve() for pair, other in zip(read, found, strict=True))
    assert pair_of(found[0].composite, PAIRS_DEV).subset == "iharmony4_test"
