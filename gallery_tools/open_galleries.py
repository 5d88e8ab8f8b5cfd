"""Galleries that stay open between requests, so that a search need not open its index first."""

from __future__ import annotations

from dataclasses import dataclass

from raiha.gallery_tools.gallery_file import database_path
from raiha.gallery_tools.postgres_database import is_postgres
from raiha.gallery_tools.store import Gallery


@dataclass(frozen=True)
class _Open:
    gallery: Gallery
    file: tuple[int, int]


class OpenGalleries:
    """The galleries that have been asked for. Use it from one thread at a time."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def get(self, name: str) -> Gallery:
        """Return a gallery, open; anew when its file is no longer the one that was opened.

        Raises:
            RaihaError: as when opening.
        """
        known = self._open.get(name)
        if known is not None and known.file == _file_of(name):
            return known.gallery
        if known is not None:
            del self._open[name]
            known.gallery.close()
        gallery = Gallery(name)
        self._open[name] = _Open(gallery, _file_of(name))
        return gallery

    def close(self) -> None:
        """Close all of them; they open again when they are asked for."""
        for one in self._open.values():
            one.gallery.close()
        self._open.clear()


def _file_of(name: str) -> tuple[int, int]:
    """Return what tells a gallery's file from one that has taken its place; zeros when there is none."""
    if is_postgres(name):
        return 0, 0
    try:
        status = database_path(name).stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
