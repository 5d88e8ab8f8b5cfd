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

A product, because a reference is only as good as the weaker of the two: the right object under another light misleads,
and so does the right light on other objects. The mean is over the best match by content rather than by appearance:
what is the same thing is to be compared, not what happens to have the same colour.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.gallery_tools.extractors.registry import ExtractorInfo
from raiha.gallery_tools.records import Features
from raiha.gallery_tools.store import Gallery

FOREGROUND_SHARE = 0.5
"""A patch belongs to the foreground when at least this share of it is object,"""
BACKGROUND_SHARE = 0.05
"""and to the background when less than this is; those between are edges and belong to neither."""
NEAR_DUPLICATE = 0.8
"""Mean cosine of content at the same places from which two photos count as the same picture. With the bundled extractor
resized, recompressed and recoloured copies and shifts by 3 % reach 0.84 to 0.98, different photos 0.4 at most."""

_CONTENT_WORDS = ((0.4, "same kind of thing"), (0.2, "similar thing"), (0.0, "small part alike"))
_LIGHT_WORDS = ((0.9, "very similar light"), (0.7, "similar light"), (0.0, "different light"))


@dataclass(frozen=True)
class Reference:
    """A photo that can serve as a reference.

    Attributes:
        photo_id: in the gallery.
        path: of the photo's file.
        score: content times appearance, 0 to 1.
        content: share of the foreground's patches that find their content in the photo, 0 to 1.
        appearance: mean cosine of appearance of the background's patches and the photo's of like content, 0 to 1.
    """

    photo_id: int
    path: Path
    score: float
    content: float
    appearance: float

    @property
    def reason(self) -> str:
        """Why it was found, in words: ``same kind of thing, very similar light``."""
        return f"{_in_words(self.content, _CONTENT_WORDS)}, {_in_words(self.appearance, _LIGHT_WORDS)}"


@dataclass(frozen=True)
class _Query:
    foreground: NDArray[np.float32]
    background: NDArray[np.float32]
    background_appearance: NDArray[np.float32]


def search(
    gallery: Gallery,
    info: ExtractorInfo,
    content: NDArray[np.float32],
    appearance: NDArray[np.float32],
    mask_grid: NDArray[np.float32],
    k: int = 4,
    excluded: Collection[Path] = (),
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
        excluded: paths of photos that are not to be used.
        checkpoint: called between photos; what it raises ends the search.

    Returns:
        At most k references, best first; none when no photo qualifies, or when there is no foreground or background.
    """
    query = _query(content, appearance, mask_grid)
    if k <= 0 or not len(query.foreground) or not len(query.background):
        return []
    chosen: list[tuple[Reference, Features]] = []
    with gallery.snapshot():
        for photo_id, share in _candidates(gallery, info, query):
            checkpoint()
            # Appearance is at most 1, and the candidates come by falling share: nothing better can follow.
            if len(chosen) == k and share <= chosen[-1][0].score:
                break
            features = gallery.features(photo_id)
            agreement = _agreement(query, features, info)
            path = gallery.photo(photo_id).file.path
            if agreement is not None and path not in excluded and os.path.isfile(path):  # noqa: PTH113
                reference = Reference(photo_id, path, share * agreement, share, agreement)
                chosen = _with(chosen, reference, features)[:k]
    return [reference for reference, _ in chosen]


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


def _in_words(value: float, words: Sequence[tuple[float, str]]) -> str:
    """Return the words of the first limit that a value between 0 and 1 reaches; limits fall, and the last is 0."""
    return next(word for least, word in words if value >= least)


def _query(content: NDArray[np.float32], appearance: NDArray[np.float32], mask_grid: NDArray[np.float32]) -> _Query:
    # An object smaller than half a patch: the patches that hold most of it.
    enough = min(FOREGROUND_SHARE, float(mask_grid.max(initial=0.0)))
    in_foreground = (mask_grid >= enough) & (mask_grid > 0)
    in_background = mask_grid < BACKGROUND_SHARE
    in_background &= ~in_foreground
    return _Query(content[in_foreground], content[in_background], appearance[in_background])


def _candidates(gallery: Gallery, info: ExtractorInfo, query: _Query) -> Iterator[tuple[int, float]]:
    """Return the photos that formula 3 admits and the foreground's share that finds content, largest first."""
    finders = gallery.patches().finders(query.foreground, info.content_threshold)
    for photo_id in sorted(finders, key=lambda photo_id: (-finders[photo_id], photo_id)):
        share = finders[photo_id] / len(query.foreground)
        if share < info.content_share:
            return
        yield photo_id, share


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


def _with(
    chosen: list[tuple[Reference, Features]], reference: Reference, features: Features
) -> list[tuple[Reference, Features]]:
    """Return the chosen and one more, best first; of near-duplicates of the new one only the best."""
    kept = [(reference, features)]
    for other, other_features in chosen:
        if not _same_picture(other_features.content, features.content):
            kept.append((other, other_features))
        elif other.score >= reference.score:
            return chosen
    return sorted(kept, key=lambda pair: (-pair[0].score, pair[0].photo_id))


def _same_picture(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    rows, columns = (np.minimum(one.shape[axis], other.shape[axis]) for axis in (0, 1))
    cosines = np.einsum("rcd,rcd->rc", _at_grid(one, rows, columns), _at_grid(other, rows, columns))
    return bool(cosines.mean() >= NEAR_DUPLICATE)


def _at_grid(content: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    row_of = (np.arange(rows) * content.shape[0]) // rows
    column_of = (np.arange(columns) * content.shape[1]) // columns
    return content[np.ix_(row_of, column_of)]
