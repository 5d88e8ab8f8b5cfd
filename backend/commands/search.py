"""`raiha search`: which photos of a gallery would serve as references for a composite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.gallery_tools.errors import RaihaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from raiha.gallery_tools.search import Reference


def search(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The composite.")],
    mask: Annotated[Path, typer.Option(help="Where the object is: an image of the same size, white = object.")],
    gallery: Annotated[str, typer.Option(help="Name of the gallery.")] = "default",
    k: Annotated[int, typer.Option("-k", min=1, help="References at most.")] = 4,
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
    from raiha.gallery_tools.appearance import hsv_histograms
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.photos import load_photo
    from raiha.gallery_tools.search import search as search_gallery
    from raiha.gallery_tools.search import share_of_foreground
    from raiha.gallery_tools.store import Gallery

    photo = load_photo(image)
    object_mask = read_mask(mask)
    _check_mask(object_mask, photo.shape[:2])
    with Gallery(gallery) as opened:
        extractor = load_extractor(opened.extractor, weights)
        opened.require_weights(extractor.fingerprint)
        pixels = extractor.resize(photo)
        content = extractor.content_features([pixels])[0]
        grid = content.shape[:2]
        appearance = hsv_histograms(pixels, grid)
        found = search_gallery(opened, content, appearance, share_of_foreground(object_mask, grid), k)
    emit({"gallery": gallery, "references": [_as_json(one) for one in found]}, json, _as_text(gallery, found))


def _check_mask(mask: NDArray[np.uint8], size: tuple[int, ...]) -> None:
    if mask.shape != size:
        raise RaihaError(
            "mask-size",
            f"The mask has {mask.shape[1]} x {mask.shape[0]} pixels, the image {size[1]} x {size[0]}.",
            "Give a mask of the same size as the image.",
            exit_status=2,
        )
    if not mask.any():
        raise RaihaError("empty-mask", "The mask is empty: all of it is black.", "Paint the object white.")


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
    lines = ["score  content  appearance  photo"]
    lines += [f"{one.score:.3f}    {one.content:.3f}       {one.appearance:.3f}  {one.path}" for one in references]
    return "\n".join(lines)
