"""Short messages about galleries: their photos, page by page, and their removal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raiha.backend.daemon.protocol import BadMessage, Header

PAGE = 500
"""Photos of an answer at most."""


def gallery_of(header: Header) -> str:
    """Return the name of the gallery that a message is about."""
    name = header.get("gallery")
    if not isinstance(name, str) or not 0 < len(name) <= 64:
        raise BadMessage("gallery is not a name")
    return name


def folder_of(header: Header) -> Path:
    """Return the folder that a message is about."""
    folder = header.get("folder")
    if not isinstance(folder, str) or not 0 < len(folder) <= 4096 or "\0" in folder or not Path(folder).is_absolute():
        raise BadMessage("folder is not an absolute path")
    return Path(folder)


def photos_answer(header: Header) -> dict[str, Any]:
    """Return a page of a gallery's photos, from number ``begin`` on, and how many there are.

    Raises:
        RaihaError: ``gallery-missing`` and others of ``Gallery``.
    """
    from raiha.gallery_tools.store import Gallery

    begin = header.get("begin", 0)
    if type(begin) is not int or begin < 0:
        raise BadMessage("begin is not a number of a photo")
    with Gallery(gallery_of(header)) as gallery:
        photos = gallery.photos()
    return {"total": len(photos), "photos": [str(photo.file.path) for photo in photos[begin : begin + PAGE]]}


def remove_answer(header: Header) -> dict[str, Any]:
    """Remove a gallery; the photos themselves stay.

    Raises:
        RaihaError: ``gallery-missing``, ``gallery-busy``.
    """
    from raiha.gallery_tools.store import remove_gallery

    remove_gallery(gallery_of(header))
    return {}
