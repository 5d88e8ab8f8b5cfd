"""What an index run is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raiha.gallery_tools.devices import AUTO


@dataclass(frozen=True)
class IndexRequest:
    """What is to be indexed, where to, and how.

    Attributes:
        gallery: name; made when there is none.
        folders: of photos.
        extractor: its name; None: the gallery's, or the bundled one for a new gallery.
        weights: the extractor's, from a local file; None: those that are here.
        workers: threads that read and decode; None: one more than there are cores.
        device: where the extractor runs, see ``chosen_device``.
    """

    gallery: str
    folders: Sequence[Path]
    extractor: str | None = None
    weights: Path | None = None
    workers: int | None = None
    device: str = AUTO
