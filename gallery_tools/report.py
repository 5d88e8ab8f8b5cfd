"""A page about a gallery: counts, what was skipped and why, and its photos on maps by content and by light."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.gallery_tools.photos import UnreadablePhoto, load_photo
from raiha.gallery_tools.records import GalleryPhoto
from raiha.gallery_tools.store import Gallery
from raiha.gallery_tools.whole_file import replace_whole

MOST_ON_MAP = 400
"""Photos on a map, spread evenly over the gallery's; each takes 2 kB of the page."""
_THUMBNAIL = 56
_MAP = 1000

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Gallery {name}</title>
<style>
body {{ font: 16px/1.4 sans-serif; margin: 2em auto; max-width: 1040px; color: #222; background: #fff; }}
svg {{ width: 100%; background: #f2f2f2; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; padding: 0.2em 1em 0.2em 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>Gallery {name}</h1>
<p>{photos} photos in {folders} folders, {megabytes:.1f} MB, extractor {extractor}, last indexed {indexed}.</p>
<table><tr><th>folder</th><th>photos</th></tr>{folder_rows}</table>
<h2>By content</h2>
<p>Photos that show similar things lie close together; {on_map} of {photos} are drawn.</p>
{content_map}
<h2>By light</h2>
<p>Photos in similar light and colours lie close together.</p>
{light_map}
<h2>Skipped</h2>
<p>{skipped} files and folders were left out when the gallery was last indexed.</p>
<table><tr><th>reason</th><th>file</th></tr>{skipped_rows}</table>
</body>
</html>
"""


def write_report(gallery: Gallery, file: Path) -> None:
    """Write the page: one file with all that it shows."""
    status, skipped = gallery.status(), gallery.skipped()
    photos = {photo.id: photo for photo in gallery.photos()}
    chosen = list(photos.values())[:: max(1, -(-len(photos) // MOST_ON_MAP))]
    thumbnails = {photo.id: picture for photo in chosen if (picture := _thumbnail(photo.file.path))}
    shown = [photo for photo in chosen if photo.id in thumbnails]
    content, light = _means(gallery, shown)
    indexed = "never to the end"
    if status.last_indexed is not None:
        indexed = datetime.fromtimestamp(status.last_indexed, timezone.utc).strftime("%d %B %Y, %H:%M UTC")
    folders = Counter(str(photo.file.path.parent) for photo in photos.values())
    page = _PAGE.format(
        name=escape(gallery.name),
        photos=status.photos,
        folders=len(folders),
        megabytes=status.bytes / 1e6,
        extractor=escape(gallery.extractor),
        indexed=indexed,
        folder_rows=_table((folder, str(count)) for folder, count in folders.most_common()),
        on_map=len(shown),
        content_map=_map(shown, thumbnails, content),
        light_map=_map(shown, thumbnails, light),
        skipped=len(skipped),
        skipped_rows=_table((reason, str(path)) for path, reason in skipped),
    )
    with replace_whole(file) as whole:
        whole.write_text(page, encoding="utf-8")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)


def _means(gallery: Gallery, photos: Sequence[GalleryPhoto]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean content and the mean appearance of each photo: (N, d) and (N, bins)."""
    features = [gallery.features(photo.id) for photo in photos]
    content = np.array([one.content.mean((0, 1)) for one in features])
    return content, np.array([one.appearance.mean((0, 1)) for one in features])


def _map(photos: Sequence[GalleryPhoto], thumbnails: dict[int, str], vectors: NDArray[np.float32]) -> str:
    """Return an SVG of thumbnails, placed by the two directions in which their vectors differ most."""
    images = []
    for photo, (x, y) in zip(photos, _places(vectors), strict=True):
        left, top = (round(share * (_MAP - _THUMBNAIL)) for share in (x, y))
        images.append(
            f'<image x="{left}" y="{top}" width="{_THUMBNAIL}" height="{_THUMBNAIL}" href="{thumbnails[photo.id]}">'
            f"<title>{escape(photo.file.path.name)}</title></image>"
        )
    return f'<svg viewBox="0 0 {_MAP} {_MAP}">{"".join(images)}</svg>'


def _places(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (N, 2) places from 0 to 1: ranks along the first two principal components, so that none crowd."""
    if len(vectors) < 2:
        return np.full((len(vectors), 2), 0.5)
    left, values, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    two = (left * values)[:, [0, min(1, len(values) - 1)]]
    ranks: NDArray[np.float64] = two.argsort(axis=0).argsort(axis=0) / (len(vectors) - 1)
    return ranks


def _thumbnail(path: Path) -> str | None:
    """Return a photo as a data URL; None when it is not there just now."""
    try:
        image = Image.fromarray(load_photo(path, 2 * _THUMBNAIL))
    except UnreadablePhoto:
        return None
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
