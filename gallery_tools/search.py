"""Finds references: photos of like content as the foreground, under like light as the background.

A photo qualifies by two formulas. Formula 3: some patch of the foreground has a content feature whose cosine with that
of some patch of the photo reaches the content threshold. A single patch of wall or sky finds its content nearly
anywhere, so a least share of the foreground's patches has to, which is calibrated for each extractor. Formula 5: some
patch of the background and some patch of the photo reach the content threshold and, this same pair, the appearance
threshold.

The score of a photo that qualifies is the product of two numbers between 0 and 1:

* content: the share of the foreground's patches that find their content in the photo (formula 3 for each);
* appearance: over the background's patches that find their content in the photo, the mean cosine of appearance between
  each and the photo's patch whose content is most like its own.

A photo of the background's hour and place, as EXIF tells it, is most likely in the same light: half of what its
appearance lacks is forgiven.

The index proposes candidates by a few prototypes of each photo; formulas and score are computed for these alone, or
for every photo when the search is to be exact.

A product, because a reference is only as good as the weaker of the two: the right object under another light misleads,
and so does the right light on other objects. The mean is over the best match by content rather than by appearance:
what is the same thing is to be compared, not what happens to have the same colour.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.gallery_tools.candidates import CANDIDATES, candidates
from raiha.gallery_tools.capture import UNKNOWN_CAPTURE, Capture, hour_around, same_burst, same_hour_and_place
from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.records import Features
from raiha.gallery_tools.reference import Matches, Reference
from raiha.gallery_tools.store import Gallery

FOREGROUND_SHARE = 0.5
"""A patch belongs to the foreground when at least this share of it is object,"""
BACKGROUND_SHARE = 0.05
"""and to the background when less than this is; those between are edges and belong to neither."""
NEAR_DUPLICATE = 0.8
"""Mean cosine of content at the same places from which two photos count as the same picture. With the bundled extractor
resized, recompressed and recoloured copies and shifts by 3 % reach 0.84 to 0.98, different photos 0.4 at most."""


@dataclass(frozen=True)
class _Query:
    in_foreground: NDArray[np.bool_]
    foreground: NDArray[np.float32]
    background: NDArray[np.float32]
    background_appearance: NDArray[np.float32]


@dataclass(frozen=True)
class Filters:
    """Which photos may be found.

    Attributes:
        excluded: paths of photos that are not to be used; none of their copies is either.
        within: folders or photos, of which those below are to be used; None: all.
    """

    excluded: Collection[Path] = ()
    within: Collection[Path] | None = None

    def admitted(self, gallery: Gallery) -> list[int] | None:
        """Return the ids of the photos below ``within``, ascending; None: all."""
        return None if self.within is None else gallery.photo_ids(self.within)

    def admits(self, path: Path) -> bool:
        """Whether a file is admitted."""
        return self.within is None or any(path.is_relative_to(place) for place in self.within)


NO_FILTERS = Filters()


def search(
    gallery: Gallery,
    info: ExtractorInfo,
    content: NDArray[np.float32],
    appearance: NDArray[np.float32],
    mask_grid: NDArray[np.float32],
    k: int = 4,
    filters: Filters = NO_FILTERS,
    *,
    capture: Capture = UNKNOWN_CAPTURE,
    exact: bool = False,
    checkpoint: Callable[[], None] = lambda: None,
) -> list[Reference]:
    """Return the best references for a composite (formulas 3 and 5).

    Of photos that are nearly the same picture, as in a burst or a resized copy, only the best is returned.

    Args:
        gallery: made with the extractor that ``content`` comes from.
        info: of that extractor; its thresholds are used.
        content: (rows, columns, d) float32 unit length, of the composite.
        appearance: (rows, columns, bins) float32 unit length, of the composite.
        mask_grid: (rows, columns) float32, the share of each patch that is object, 0 to 1. When the object covers half
            of no patch, the patches that it covers most are the foreground.
        k: references at most.
        filters: which photos may be found.
        capture: what the EXIF of the background tells.
        exact: compare every photo rather than the candidates of the index: to check what the index misses.
        checkpoint: called between photos; what it raises ends the search.

    Returns:
        At most k references, best first; none when no photo qualifies, or when there is no foreground or background.
    """
    query = _query(content, appearance, mask_grid)
    if k <= 0 or not len(query.foreground) or not len(query.background):
        return []
    with gallery.snapshot():
        admitted = filters.admitted(gallery)
        if exact:
            ids = gallery.photo_ids() if admitted is None else admitted
        else:
            ids = candidates(gallery, query.foreground, info.content_threshold, admitted)
            ids = [*ids, *_of_the_same_hour(gallery, capture, admitted, ids)]
        excluded = set(gallery.photo_ids(filters.excluded))
        ids = [photo_id for photo_id in ids if photo_id not in excluded]
        return _ranked(gallery, info, query, ids, k, filters, capture, checkpoint)


def _ranked(
    gallery: Gallery,
    info: ExtractorInfo,
    query: _Query,
    ids: Sequence[int],
    k: int,
    filters: Filters,
    capture: Capture,
    checkpoint: Callable[[], None],
) -> list[Reference]:
    """Return the best of some photos by the score; arguments are those of ``search``."""
    chosen: list[_Chosen] = []
    for photo_id, share in _shares(gallery, info, query, ids, checkpoint):
        checkpoint()
        # Light is at most 1, and the photos come by falling share: nothing better can follow.
        if len(chosen) == k and share <= chosen[-1].reference.score:
            break
        features = gallery.features(photo_id)
        agreement = _agreement(query, features, info)
        if agreement is None:
            continue
        photo_capture = gallery.captures([photo_id])[photo_id]
        same = same_hour_and_place(capture, photo_capture)
        score = share * ((1 + agreement) / 2 if same else agreement)
        if len(chosen) == k and score <= chosen[-1].reference.score:
            continue
        path = next((path for path in gallery.paths(photo_id) if filters.admits(path) and _is_file(path)), None)
        if path is None:
            continue
        matches = _matches(query, features.content, info)
        reference = Reference(photo_id, path, score, share, agreement, same, matches)
        chosen = _with(chosen, _Chosen(reference, features, photo_capture))[:k]
    return [one.reference for one in chosen]


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises where a folder is closed to us)


def _of_the_same_hour(
    gallery: Gallery, capture: Capture, admitted: list[int] | None, found: Sequence[int]
) -> list[int]:
    """Return photos of the background's hour that the index did not find: the camera itself proposes them."""
    hour = hour_around(capture)
    if hour is None:
        return []
    ids = set(gallery.taken_between(*hour)) - set(found)
    return sorted(ids if admitted is None else ids & set(admitted))[:CANDIDATES]


def share_of_foreground(mask: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of each patch that is object.

    Args:
        mask: (H, W) uint8, 255 = object.
        grid: rows and columns of patches that tile the picture.

    Returns:
        (rows, columns) float32, 0 to 1.
    """
    mask_image = Image.fromarray(mask.astype(np.float32) / 255)
    return np.asarray(mask_image.resize((grid[1], grid[0]), Image.Resampling.BOX), dtype=np.float32).clip(0, 1)


def _query(content: NDArray[np.float32], appearance: NDArray[np.float32], mask_grid: NDArray[np.float32]) -> _Query:
    # An object smaller than half a patch: the patches that hold most of it.
    enough = min(FOREGROUND_SHARE, float(mask_grid.max(initial=0.0)))
    in_foreground = (mask_grid >= enough) & (mask_grid > 0)
    in_background = mask_grid < BACKGROUND_SHARE
    in_background &= ~in_foreground
    return _Query(in_foreground, content[in_foreground], content[in_background], appearance[in_background])


def _shares(
    gallery: Gallery, info: ExtractorInfo, query: _Query, ids: Sequence[int], checkpoint: Callable[[], None]
) -> list[tuple[int, float]]:
    """Return the photos that formula 3 admits and the foreground's share that finds content, largest first."""
    shares = []
    for photo_id, content in gallery.contents(ids):
        checkpoint()
        likeness = (query.foreground @ content.reshape(-1, content.shape[-1]).T).max(1)
        share = float((likeness >= info.content_threshold).mean())
        if share > 0 and share >= info.content_share:
            shares.append((photo_id, share))
    return sorted(shares, key=lambda one: (-one[1], one[0]))


def _matches(query: _Query, content: NDArray[np.float32], info: ExtractorInfo) -> Matches:
    """Return which patches of the foreground find their content, and where in the photo."""
    likeness = query.foreground @ content.reshape(-1, content.shape[-1]).T
    finds = likeness.max(1) >= info.content_threshold
    object_patches = query.in_foreground.copy()
    object_patches[query.in_foreground] = finds
    photo_patches = np.zeros(content.shape[:2], bool)
    photo_patches.ravel()[likeness[finds].argmax(1)] = True
    return Matches(object_patches, photo_patches)


def _agreement(query: _Query, photo: Features, info: ExtractorInfo) -> float | None:
    """Mean cosine of appearance where background and photo are of like content; None unless formula 5 holds."""
    photo_content = photo.content.reshape(-1, photo.content.shape[-1])
    photo_appearance = photo.appearance.reshape(-1, photo.appearance.shape[-1])
    content_cosine = query.background @ photo_content.T
    best = content_cosine.argmax(axis=1)
    finds = content_cosine[np.arange(len(best)), best] >= info.content_threshold
    appearance_cosine = query.background_appearance[finds] @ photo_appearance.T
    alike = (content_cosine[finds] >= info.content_threshold) & (appearance_cosine >= info.appearance_threshold)
    if not alike.any():
        return None
    return float(appearance_cosine[np.arange(len(alike)), best[finds]].mean().clip(0, 1))


@dataclass(frozen=True)
class _Chosen:
    reference: Reference
    features: Features
    capture: Capture


def _with(chosen: list[_Chosen], new: _Chosen) -> list[_Chosen]:
    """Return the chosen and one more, best first; of pictures nearly the same as the new one only the best."""
    kept = [new]
    for other in chosen:
        alike = same_burst(other.capture, new.capture) or _same_picture(other.features.content, new.features.content)
        if not alike:
            kept.append(other)
        elif other.reference.score >= new.reference.score:
            return chosen
    return sorted(kept, key=lambda one: (-one.reference.score, one.reference.photo_id))


def _same_picture(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    rows, columns = (np.minimum(one.shape[axis], other.shape[axis]) for axis in (0, 1))
    cosines = np.einsum("rcd,rcd->rc", _at_grid(one, rows, columns), _at_grid(other, rows, columns))
    return bool(cosines.mean() >= NEAR_DUPLICATE)


def _at_grid(content: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    row_of = (np.arange(rows) * content.shape[0]) // rows
    column_of = (np.arange(columns) * content.shape[1]) // columns
    return content[np.ix_(row_of, column_of)]
