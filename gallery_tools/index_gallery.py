"""Index folders into a gallery by its name: what `raiha index` and the daemon's "Add a folder" call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import load_extractor
from raiha.gallery_tools.index_request import IndexRequest
from raiha.gallery_tools.indexer import IndexProgress, IndexReport, index, require_photos
from raiha.gallery_tools.store import Gallery


def index_gallery(
    request: IndexRequest, progress: Callable[[IndexProgress], None] = lambda progress: None
) -> tuple[list[Path], IndexReport]:
    """Bring a gallery up to date with folders; returns their absolute paths and what was done.

    Args:
        request: what is to be done.
        progress: called after each photo that was read. What it raises ends the run, and what was read is kept: so a
            caller cancels.

    Raises:
        RaihaError: as ``require_photos``, ``load_extractor``, ``Gallery.create`` and ``index``.
    """
    roots = require_photos(request.folders)
    extractor = load_extractor(
        request.extractor or _extractor_of(request.gallery) or "bundled", request.weights, request.device
    )
    with Gallery.create(request.gallery, extractor.info) as gallery:
        return roots, index(gallery, extractor, roots, progress, workers=request.workers)


def _extractor_of(name: str) -> str | None:
    """Return the extractor that a gallery was made with; None when there is no such gallery."""
    try:
        with Gallery(name) as gallery:
            return gallery.extractor
    except RaihaError as error:
        if error.code != "gallery-missing":
            raise
        return None
