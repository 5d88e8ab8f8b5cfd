"""The picture that `raiha search --sheet` draws: composite and references, with the matching parts marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from raiha.gallery_tools.photos import UnreadablePhoto, load_photo
from raiha.gallery_tools.reference import Reference
from raiha.gallery_tools.whole_file import replace_whole

_SIDE = 360
_GAP = 12
_TEXT = 48
_MARK = (255, 140, 0)
_DIMMED = 0.45


def draw_sheet(
    composite: NDArray[np.uint8], mask: NDArray[np.uint8], references: Sequence[Reference], file: Path
) -> None:
    """Write the sheet: a row for each reference, the composite on its left, what does not match dimmed on both.

    Args:
        composite: (h, w, 3) uint8 sRGB.
        mask: (h, w) uint8, 255 = object.
        references: best first; without any the sheet shows the object alone.
        file: to write, in the format of its suffix.
    """
    if references:
        rows = [_row(composite, one) for one in references]
    else:
        rows = [_captioned([_marked(composite, mask > 127)], "No photo qualifies.")]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    with replace_whole(file) as whole:
        sheet.save(whole)


def _row(composite: NDArray[np.uint8], reference: Reference) -> Image.Image:
    try:
        photo = load_photo(reference.path, _SIDE)
    except UnreadablePhoto:  # it has gone since it was found
        photo = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    pictures = [
        _marked(composite, reference.matches.object_patches),
        _marked(photo, reference.matches.photo_patches),
    ]
    numbers = f"score {reference.score:.3f}   content {reference.content:.3f}   light {reference.appearance:.3f}"
    return _captioned(pictures, f"{reference.path.name}\n{reference.reason}: {numbers}")


def _marked(picture: NDArray[np.uint8], patches: NDArray[np.bool_]) -> Image.Image:
    """Return a picture with everything but some patches dimmed, and a line around these."""
    image = Image.fromarray(picture)
    image.thumbnail((_SIDE, _SIDE))
    inside = np.asarray(Image.fromarray(patches).resize(image.size, Image.Resampling.NEAREST))
    pixels = np.asarray(image) * np.where(inside, 1.0, _DIMMED)[..., None]
    padded = np.pad(inside, 2)
    inner = padded[:-4, 2:-2] & padded[4:, 2:-2] & padded[2:-2, :-4] & padded[2:-2, 4:]
    pixels[inside & ~inner] = _MARK
    return Image.fromarray(pixels.astype(np.uint8))


def _captioned(pictures: Sequence[Image.Image], text: str) -> Image.Image:
    row = Image.new("RGB", (2 * _SIDE + 3 * _GAP, _SIDE + _TEXT + _GAP), "white")
    for number, picture in enumerate(pictures):
        row.paste(picture, (_GAP + number * (_SIDE + _GAP), _GAP))
    printable = text.encode("ascii", "replace").decode()  # Pillow's own font has no more
    ImageDraw.Draw(row).text((_GAP, _SIDE + _GAP + 4), printable, "black")
    return row
