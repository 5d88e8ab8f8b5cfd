"""Find and load the references of a request: photos that the user chose, and photos from a gallery."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.pipeline.request import UsedReference
from raiha.gallery_tools.appearance import hsv_histograms
from raiha.gallery_tools.capture import UNKNOWN_CAPTURE, Capture
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor
from raiha.gallery_tools.photos import UnreadablePhoto, load_photo
from raiha.gallery_tools.reference import Reference
from raiha.gallery_tools.search import NO_FILTERS, Filters, search, share_of_foreground
from raiha.gallery_tools.store import Gallery

_THUMBNAIL_SIDE = 160
_READ_SIDE = 448


@dataclass(frozen=True)
class LoadedReference:
    """A reference, ready for the network.

    Attributes:
        pixels: (h, w, 3) uint8 sRGB, the whole photo.
        content: (rows, columns, d) float32 unit length, from the extractor that the network was trained with.
        used: the reference as the user sees it.
    """

    pixels: NDArray[np.uint8]
    content: NDArray[np.float32]
    used: UsedReference


def find_references(
    composite: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    gallery: Gallery,
    extractor: Extractor,
    number: int,
    filters: Filters = NO_FILTERS,
    *,
    capture: Capture = UNKNOWN_CAPTURE,
    exact: bool = False,
    checkpoint: Callable[[], None] = lambda: None,
) -> list[Reference]:
    """Search a gallery for references to a composite (formulas 3 and 5).

    Args:
        composite: (h, w, 3) uint8 sRGB, the whole picture.
        mask: (h, w) uint8, 255 = object.
        gallery: the gallery to search.
        extractor: with which the gallery was made.
        number: of references at most.
        filters: which photos may be found.
        capture: what the EXIF of the background tells.
        exact: compare every photo, rather than those that the index proposes.
        checkpoint: called now and then; an exception from it ends the search.

    Raises:
        RaihaError: "gallery-weights".
    """
    gallery.require_weights(extractor.fingerprint)
    pixels = extractor.resize(composite)
    content = extractor.content_features([pixels])[0]
    grid = content.shape[0], content.shape[1]
    appearance = hsv_histograms(pixels, grid)
    return search(
        gallery,
        extractor.info,
        content,
        appearance,
        share_of_foreground(mask, grid),
        number,
        filters,
        capture=capture,
        exact=exact,
        checkpoint=checkpoint,
    )


def load_chosen(path: Path, extractor: Extractor) -> LoadedReference:
    """Load a photo that the user chose as a reference.

    Raises:
        RaihaError: "reference-missing" or "unreadable-photo".
    """
    if not path.is_file():
        raise RaihaError(
            "reference-missing", f"The reference {path} is not there.", "Choose another photo as a reference."
        )
    pixels = load_photo(path, _READ_SIDE)
    content = extractor.content_features([pixels])[0]
    return LoadedReference(pixels, content, UsedReference(path, None, None, None, _thumbnail(pixels)))


def load_found(reference: Reference, extractor: Extractor) -> LoadedReference | None:
    """Return a photo that retrieval found; None when its file has gone.

    Its features are computed as the network was trained with them; the gallery keeps only short codes of them.
    """
    try:
        pixels = load_photo(reference.path, _READ_SIDE)
    except UnreadablePhoto:
        return None
    content = extractor.content_features([pixels])[0]
    used = UsedReference(reference.path, reference.score, reference.content, reference.appearance, _thumbnail(pixels))
    return LoadedReference(pixels, content, used)


def _thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()
