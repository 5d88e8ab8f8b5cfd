"""`raiha search`: which photos of a gallery would serve as references for a composite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.commands.output import JsonFlag, emit
from raiha.backend.commands.protection import protect_inputs
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.whole_file import require_replaceable

if TYPE_CHECKING:
    from raiha.gallery_tools.reference import Box, Reference


def search(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The composite.")],
    mask: Annotated[Path, typer.Option(help="Where the object is: an image of the same size, white = object.")],
    gallery: Annotated[str, typer.Option(help="Name of the gallery.")] = "default",
    k: Annotated[int, typer.Option("-k", min=1, help="References at most.")] = MOST_REFERENCES,
    within: Annotated[
        list[Path] | None, typer.Option("--in", help="Only photos in this folder and below; may be repeated.")
    ] = None,
    exclude: Annotated[list[Path] | None, typer.Option(help="Never this photo or folder; may be repeated.")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Compare every photo: slow, to check the index.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Draw composite and references, matching parts marked.")] = None,
    weights: Annotated[Path | None, typer.Option(help="The extractor's weights, from a local file.")] = None,
    json: JsonFlag = False,
) -> None:
    """Find photos with things like the object, under light like the picture's.

    content is the share of the object whose like is in the photo; appearance says how much alike the light falls on
    what background and photo have in common; the score is their product. A photo that was taken within an hour of
    IMAGE and at the same place, as their EXIF has it, scores higher: the light was most likely the same.

    Examples:

        raiha search composite.png --mask mask.png

        raiha search composite.png --mask mask.png --in ~/Pictures/2024 -k 8 --sheet found.png

        raiha search composite.png --mask mask.png --gallery people --exact --json
    """
    from raiha.backend.commands.search_sheet import draw_sheet
    from raiha.backend.image_file import read_mask
    from raiha.backend.pipeline.references import find_references
    from raiha.gallery_tools.exif import read_capture
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.photos import load_photo, read_file
    from raiha.gallery_tools.search import Filters
    from raiha.gallery_tools.store import Gallery

    photo = load_photo(image)
    object_mask = read_mask(mask, (photo.shape[0], photo.shape[1]))
    if not object_mask.any():
        raise RaihaError("empty-mask", "The mask is empty: all of it is black.", "Paint the object white.")
    filters = Filters(excluded=_everywhere(exclude), within=None if within is None else _everywhere(within))
    with Gallery(gallery) as opened:
        if sheet is not None:
            protect_inputs(sheet, [image, mask, *(one.file.path for one in opened.photos())])
            require_replaceable(sheet)
        extractor = load_extractor(opened.extractor, weights)
        capture = read_capture(read_file(image))
        found = find_references(photo, object_mask, opened, extractor, k, filters, capture=capture, exact=exact)
    if sheet is not None:
        draw_sheet(photo, object_mask, found, sheet)
    emit({"gallery": gallery, "references": [_as_json(one) for one in found]}, json, _as_text(gallery, found))


def _everywhere(paths: list[Path] | None) -> set[Path]:
    """Return paths as the user wrote them and with links resolved: an index may have met them either way."""
    given = [path.expanduser().absolute() for path in paths or []]
    return {place for path in given for place in (path, path.resolve())}


def _as_json(reference: Reference) -> dict[str, object]:
    return {
        "path": str(reference.path),
        "score": round(reference.score, 4),
        "content": round(reference.content, 4),
        "appearance": round(reference.appearance, 4),
        "same_hour_and_place": reference.same_hour_and_place,
        "reason": reference.reason,
        "object_box": _rounded(reference.matches.object_box),
        "photo_box": _rounded(reference.matches.photo_box),
    }


def _rounded(box: Box) -> list[float]:
    return [round(float(edge), 3) for edge in box]


def _as_text(gallery: str, references: list[Reference]) -> str:
    if not references:
        return f"No photo of the gallery {gallery!r} shows things like the object under light like the picture's."
    width = max(len(one.reason) for one in references)
    lines = [f"score  content  appearance  {'why':{width}}  photo"]
    lines += [
        f"{one.score:.3f}    {one.content:.3f}       {one.appearance:.3f}  {one.reason:{width}}  {one.path}"
        for one in references
    ]
    return "\n".join(lines)
