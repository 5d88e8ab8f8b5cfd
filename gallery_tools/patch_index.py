"""The FAISS side of a gallery: every patch's content feature, searchable by cosine. A cache of the SQLite file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

_PATCH_BITS = 16
_QUERIES_AT_ONCE = 32


class PatchIndex:
    """Content features of the patches of many photos; a patch's id is its photo's id and its number in the photo.

    Flat, in float32: of FAISS's exact indices this one is searched by matrix products, twenty times faster than
    its fp16 scalar quantizer, and photos can be removed from it.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    @classmethod
    def load(cls, file: Path, dimension: int) -> PatchIndex:
        """Return the index in a file; an empty one when the file is missing, damaged or of another dimension."""
        patches = cls(dimension)
        try:
            index = faiss.read_index(str(file))
        except (RuntimeError, MemoryError):
            return patches
        if isinstance(index, faiss.IndexIDMap2) and index.d == dimension and index.id_map.size() == index.ntotal:
            patches._index = index
        return patches

    def save(self, file: Path) -> None:
        """Write the index to a file, in one step for whoever reads it."""
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            faiss.write_index(self._index, str(unfinished))
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def photos(self) -> dict[int, int]:
        """Return the number of patches of each photo, by the photo's id."""
        ids = faiss.vector_to_array(self._index.id_map)
        photo_ids, counts = np.unique(ids >> _PATCH_BITS, return_counts=True)
        return dict(zip(photo_ids.tolist(), counts.tolist(), strict=True))

    def sync(self, wanted: Mapping[int, int], content_of: Callable[[int], NDArray[np.float32]]) -> bool:
        """Brings the index in step with a gallery.

        Args:
            wanted: the number of patches of each photo, by its id. An id stands for the same features for ever.
            content_of: gives the features of a photo by its id: (patches, d) float32 unit length.

        Returns:
            Whether anything was out of step.
        """
        present = self.photos()
        outdated = [photo_id for photo_id, count in present.items() if wanted.get(photo_id) != count]
        missing = [photo_id for photo_id, count in wanted.items() if present.get(photo_id) != count]
        if outdated:
            ids = faiss.vector_to_array(self._index.id_map)
            self._index.remove_ids(faiss.IDSelectorBatch(ids[np.isin(ids >> _PATCH_BITS, outdated)]))
        for photo_id in missing:
            content = content_of(photo_id)
            self._index.add_with_ids(content, (photo_id << _PATCH_BITS) + np.arange(len(content)))
        return bool(outdated or missing)

    def finders(self, queries: NDArray[np.float32], threshold: float) -> dict[int, int]:
        """Return, by formula 3, which photos hold content like the queries.

        Args:
            queries: (M, d) float32 unit length.
            threshold: the content threshold; a cosine of exactly this counts.

        Returns:
            For each photo with any pair of cosine at least the threshold, by its id: how many of the queries have one.
        """
        counts: dict[int, int] = {}
        # FAISS leaves out what lies exactly at the radius.
        radius = float(np.nextafter(np.float32(threshold), np.float32(-2)))
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = np.ascontiguousarray(queries[start : start + _QUERIES_AT_ONCE])
            ends, _, patch_ids = self._index.range_search(some, radius)
            for first, last in pairwise(ends):
                for photo_id in np.unique(patch_ids[first:last] >> _PATCH_BITS).tolist():
                    counts[photo_id] = counts.get(photo_id, 0) + 1
        return counts

    def content(self, photo_id: int, count: int) -> NDArray[np.float32]:
        """Return the features that the index holds of a photo with so many patches: (count, d) float32."""
        found: NDArray[np.float32] = self._index.reconstruct_batch((photo_id << _PATCH_BITS) + np.arange(count))
        return found
