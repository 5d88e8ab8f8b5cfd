"""The network's last answers, by the content that it was shown: another strength or mode does not run it again."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.crops import Crops
from raiha.backend.pipeline.request import HarmonizeRequest, UsedReference
from raiha.gallery_tools.gallery_file import database_path
from raiha.gallery_tools.postgres_database import is_postgres

MOST_ANSWERS = 32
"""Answers that are kept; each is an adjustment and some thumbnails, about 50 kB."""


@dataclass(frozen=True)
class Answer:
    """What the network said about a composite.

    Attributes:
        adjustment: its own, before the user's numbers replace some.
        references: that it used, best first.
    """

    adjustment: Adjustment
    references: tuple[UsedReference, ...]


class PredictionCache:
    """Keeps the answers that were used last, at most ``MOST_ANSWERS``."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    def __len__(self) -> int:
        """Answers that are kept."""
        return len(self._answers)

    def get(self, key: bytes) -> Answer | None:
        """Return the answer to a key, if it is kept."""
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def put(self, key: bytes, answer: Answer) -> None:
        """Keep an answer, and drop the one that was used longest ago if there are too many."""
        self._answers[key] = answer
        self._answers.move_to_end(key)
        if len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Drop all answers."""
        self._answers.clear()


def content_key(request: HarmonizeRequest, crops: Crops) -> bytes:
    """Return 32 bytes that stand for all that the network's answer depends on.

    That is what its crops show, the photos that the user chose, and the gallery, as they are now. Weights and settings
    are those of one pipeline, to which a cache belongs.
    """
    state = hashlib.blake2b(digest_size=32)
    for crop in (crops.close, crops.wide, crops.edge, crops.whole):
        if crop is not None:
            state.update(repr((crop.window, crop.composite.shape)).encode())
            state.update(np.ascontiguousarray(crop.composite).data)
            state.update(np.ascontiguousarray(crop.mask).data)
    chosen = [(str(path), _version(path)) for path in request.references]
    state.update(repr((chosen, sorted(map(str, request.excluded)), request.max_references, request.gallery)).encode())
    if request.gallery is not None and is_postgres(request.gallery):
        state.update(os.urandom(16))  # other machines may have written to it meanwhile
    elif request.gallery is not None:
        database = database_path(request.gallery)
        written = database.with_name(f"{database.name}-wal")  # what is in it is in the gallery, too
        state.update(repr([_version(file) for file in (database, written)]).encode())
    return state.digest()


def _version(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None if it is not there or empty."""
    try:
        found = path.stat()
    except OSError:
        return None
    return None if found.st_size == 0 else (found.st_ino, found.st_size, found.st_mtime_ns)
