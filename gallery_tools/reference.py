"""What a search gives back: a photo, how well it serves as a reference, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CONTENT_WORDS = ((0.4, "same kind of thing"), (0.2, "similar thing"), (0.0, "small part alike"))
_LIGHT_WORDS = ((0.9, "very similar light"), (0.7, "similar light"), (0.0, "different light"))

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of a picture's width and height, 0 to 1."""


@dataclass(frozen=True)
class Matches:
    """Which part of the object was found in which part of the photo.

    Attributes:
        object_patches: (rows, columns) bool, patches of the composite.
        photo_patches: (rows, columns) bool, the photo's patches whose content is most like each of these.
    """

    object_patches: NDArray[np.bool_]
    photo_patches: NDArray[np.bool_]

    @classmethod
    def of_all(cls) -> Matches:
        """Return matches of all of one picture with all of another."""
        return cls(np.ones((1, 1), bool), np.ones((1, 1), bool))

    @property
    def object_box(self) -> Box:
        """The smallest box around the patches of the composite."""
        return _box(self.object_patches)

    @property
    def photo_box(self) -> Box:
        """The smallest box around the patches of the photo."""
        return _box(self.photo_patches)


@dataclass(frozen=True)
class Reference:
    """A photo that can serve as a reference.

    Attributes:
        photo_id: in the gallery.
        path: of the photo's file.
        score: content times light, 0 to 1; light is appearance, or, of a photo of the background's hour and place, the
            mean of appearance and 1.
        content: share of the foreground's patches that find their content in the photo, 0 to 1.
        appearance: mean cosine of appearance of the background's patches and the photo's of like content, 0 to 1.
        same_hour_and_place: whether EXIF has it that photo and background were taken so.
        matches: which part was found where.
    """

    photo_id: int
    path: Path
    score: float
    content: float
    appearance: float
    same_hour_and_place: bool = False
    matches: Matches = field(default_factory=lambda: Matches.of_all(), compare=False, repr=False)

    @property
    def reason(self) -> str:
        """Why it was found, in words: ``same kind of thing, very similar light``."""
        words = [_in_words(self.content, _CONTENT_WORDS), _in_words(self.appearance, _LIGHT_WORDS)]
        return ", ".join([*words, "same hour and place"] if self.same_hour_and_place else words)


def _in_words(value: float, words: Sequence[tuple[float, str]]) -> str:
    """Return the words of the first limit that a value between 0 and 1 reaches; limits fall, and the last is 0."""
    return next(word for least, word in words if value >= least)


def _box(patches: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(patches.any(1)), np.flatnonzero(patches.any(0))
    height, width = patches.shape
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
