"""Read the real iHarmony4: its four subsets and DoveNet's lists of its train and test split.

A list is IHD_train.txt or IHD_test.txt in the root, or SUBSET_train.txt or SUBSET_test.txt in each subset's folder. A
line is a composite, as SUBSET/composite_images/NAME.jpg or as its file name alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from raiha.backend.evaluation import Pair, pair_of
from raiha.gallery_tools.errors import RaihaError

SUBSETS = ("HAdobe5k", "HFlickr", "HCOCO", "Hday2night")
"""In the order of the paper's tables."""

_COMPOSITES = "composite_images"

Split = Literal["train", "test"]


def has_lists(root: Path, split: Split) -> bool:
    """Return whether a folder holds a list of the split."""
    files = [_root_list(root, split), *(_subset_list(root, split, subset) for subset in SUBSETS)]
    return any(file.is_file() for file in files)


def read_split(root: Path, split: Split, subsets: Collection[str] = SUBSETS) -> list[Pair]:
    """Return the pairs of a split in the order of its list; ``Pair.subset`` names the subset of each.

    Args:
        root: the folder that holds the subsets' folders.
        split: "train" or "test".
        subsets: those to read; the folders of the others may be missing.

    Raises:
        RaihaError: "list-missing", "list-wrong", "listed-file-missing" or "pair-incomplete".
    """
    if _root_list(root, split).is_file():
        composites = list(_listed_in_root(root, split, subsets))
    else:
        composites = [composite for subset in subsets for composite in _listed_in_subset(root, split, subset)]
    if not composites:
        raise RaihaError(
            "list-wrong",
            f"The {split} list in {root} names no composite of {', '.join(subsets)}.",
            "Fetch iHarmony4's lists again, or choose other subsets.",
        )
    missing = [composite for composite in composites if not composite.is_file()]
    if missing:
        raise RaihaError(
            "listed-file-missing",
            f"{len(missing)} of {len(composites)} composites of the {split} list are missing, first {missing[0]}.",
            "Unpack iHarmony4 completely, or name only the subsets that you have.",
        )
    return [pair_of(composite, root) for composite in composites]


def _root_list(root: Path, split: Split) -> Path:
    return root / f"IHD_{split}.txt"


def _subset_list(root: Path, split: Split, subset: str) -> Path:
    return root / subset / f"{subset}_{split}.txt"


def _listed_in_root(root: Path, split: Split, subsets: Collection[str]) -> Iterator[Path]:
    file = _root_list(root, split)
    for line in _lines(file):
        parts = PurePosixPath(line).parts
        if len(parts) == 1:
            # Subsets share no names.
            found = [subset for subset in SUBSETS if (root / subset / _COMPOSITES / line).is_file()]
            parts = (*found[:1], _COMPOSITES, line)
        if len(parts) != 3 or parts[0] not in SUBSETS or parts[1] != _COMPOSITES:
            raise _wrong_line(file, line)
        if parts[0] in subsets:
            yield root.joinpath(*parts)


def _listed_in_subset(root: Path, split: Split, subset: str) -> Iterator[Path]:
    file = _subset_list(root, split, subset)
    for line in _lines(file):
        parts = PurePosixPath(line).parts
        if len(parts) != 1 and parts[:-1] != (subset, _COMPOSITES):
            raise _wrong_line(file, line)
        yield root / subset / _COMPOSITES / parts[-1]


def _lines(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RaihaError(
            "list-missing",
            f"The list {file} cannot be read: {error}.",
            "Name iHarmony4's root folder, with the lists that came with it, and only the subsets that you have.",
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _wrong_line(file: Path, line: str) -> RaihaError:
    return RaihaError(
        "list-wrong",
        f"{file} names {line!r}, which is no composite of a subset.",
        f"Each line must be SUBSET/{_COMPOSITES}/NAME.jpg, or the name of a file that is there.",
    )
