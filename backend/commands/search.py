"""`raiha search`: which photos of a gallery would serve as references for a composite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.commands.output import JsonFlag, emit
from raiha.gallery_tools.errors import RaihaError

if TYPE_CHECKING:
    from raiha.gallery_tools.search import Reference


def search(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The composite.")],
    mask: Annotated[Path, typer.Option(help="Where the object is: an image of the same size, white = object.")],
    gallery: Annotated[str, typer.Option(help="Name of the gallery.")] = "default",
    k: Annotated[int, typer.Option("-k", min=1, help="References at most.")] = MOST_REFERENCES,
    weights: Annotated[Path | None, typer.Option(help="The extractor's weights, from a local file.")] = None,
    json: JsonFlag = False,
) -> None:
    """Find photos with things like the object, under light like the picture's.

    content is the share of the object whose like is in the photo; appearance says how much alike the light falls on
    what background and photo have in common; the score is their product.

    Examples:

        raiha search composite.png --mask mask.png

        raiha search composite.png --mask mask.png --gallery people -k 8 --json
    """
    from raiha.backend.image_file import read_mask
    from raiha.backend.pipeline.references import find_references
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.photos import load_photo
    from raiha.gallery_tools.store import Gallery

    photo = load_photo(image)
    object_mask = read_mask(mask, (photo.shape[0], photo.shape[1]))
    if not object_mask.any():
        raise RaihaError("empty-mask", "The mask is empty: all of it is black.", "Paint the object white.")
    with Gallery(gallery) as opened:
        extractor = load_extractor(opened.extractor, weights)
        found = find_references(photo, object_mask, opened, extractor, k)
    emit({"gallery": gallery, "references": [_as_json(one) for one in found]}, json, _as_text(gallery, found))


def _as_json(reference: Reference) -> dict[str, object]:
    return {
        "path": str(reference.path),
        "score": round(reference.score, 4),
        "content": round(reference.content, 4),
        "appearance": round(reference.appearance, 4),
    }


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
