"""Makes a gallery of many photos out of the features of a few real ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.feature_codes import codes_for_appearance, codes_for_content
from raiha.gallery_tools.prototypes import PROTOTYPES
from raiha.gallery_tools.records import EncodedPhoto, PhotoFile, device_of, time_of_change
from raiha.gallery_tools.store import Gallery

NOISE = 0.05
"""Share of all codes that are replaced by others at random."""
_A_FOLDER = 500
_AT_ONCE = 500


class _Real:
    """A real photo's codes, and in which column of the photo each of its prototypes lies on average."""

    def __init__(self, photo: EncodedPhoto, info: ExtractorInfo) -> None:
        rows, columns = self.grid = photo.grid
        content_codes, parts = codes_for_content(info.name, info.dimension), codes_for_appearance().parts
        self.content = np.frombuffer(photo.content, np.uint8).reshape(rows, columns, content_codes.parts)
        self.appearance = np.frombuffer(photo.appearance, np.uint8).reshape(rows, columns, parts)
        self.prototypes = np.frombuffer(photo.prototypes, np.uint8).reshape(-1, content_codes.parts)
        vectors = content_codes.decode(self.content).reshape(rows * columns, -1)
        nearest = (vectors @ content_codes.decode(self.prototypes).T).argmax(1)
        counts = np.maximum(np.bincount(nearest, minlength=len(self.prototypes)), 1)
        places = np.tile(np.arange(columns), rows)
        self.columns = np.bincount(nearest, places, len(self.prototypes)) / counts


def make_large_gallery(real: Gallery, large: Gallery, info: ExtractorInfo, folder: Path, count: int) -> None:
    """Fill a gallery with so many photos, each the left of one real photo and the right of another, with noise.

    Args:
        real: holds the real photos.
        large: to be filled; what it holds already counts.
        info: of the extractor of both.
        folder: gets a link for each photo, to the file of the first of the two, so that they are files to be found.
        count: of photos.
    """
    by_grid: dict[tuple[int, int], list[tuple[_Real, Path]]] = {}
    for photo in real.encoded():
        by_grid.setdefault(photo.grid, []).append((_Real(photo, info), photo.file.path))
    groups = [group for group in by_grid.values() if len(group) > 1]
    made = _made(groups, folder, len(large.files()), count)
    while some := list(islice(made, _AT_ONCE)):
        large.add_encoded(some)


def _made(groups: list[list[tuple[_Real, Path]]], folder: Path, first: int, end: int) -> Iterator[EncodedPhoto]:
    weights = np.array([len(group) for group in groups]) / sum(map(len, groups))
    for number in range(first, end):
        draw = np.random.default_rng(number)
        group = groups[draw.choice(len(groups), p=weights)]
        (one, path), (other, _) = (group[place] for place in draw.choice(len(group), 2, replace=False))
        cut = int(draw.integers(one.grid[1] // 4, 3 * one.grid[1] // 4 + 1))
        content = np.concatenate([one.content[:, :cut], other.content[:, cut:]], axis=1)
        appearance = np.concatenate([one.appearance[:, :cut], other.appearance[:, cut:]], axis=1)
        prototypes = np.concatenate([one.prototypes[one.columns < cut], other.prototypes[other.columns >= cut]])
        link = folder / f"{number // _A_FOLDER}" / f"{number}{path.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path)
        status = path.stat()
        digest = number.to_bytes(16, "little")
        device = device_of(os.stat(link.parent))  # noqa: PTH116
        yield EncodedPhoto(
            PhotoFile(link, time_of_change(status), status.st_size, digest, device),
            (16 * one.grid[1], 16 * one.grid[0]),
            one.grid,
            _noisy(content, draw).tobytes(),
            appearance.tobytes(),
            _noisy(prototypes, draw)[:PROTOTYPES].tobytes(),
        )


def _noisy(codes: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    noise = draw.integers(0, 256, codes.shape, np.uint8)
    return np.where(draw.random(codes.shape, np.float32) < NOISE, noise, codes)
