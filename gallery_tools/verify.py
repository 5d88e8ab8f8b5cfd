"""Checks that a gallery is sound, and makes it so as far as that can be done without reading photos again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.gallery_file import database_path, gallery_folder, writer_lock
from raiha.gallery_tools.prototype_index import INDEX_FILE, is_index_sound
from raiha.gallery_tools.store import Gallery


@dataclass
class VerifyReport:
    """What was found.

    Attributes:
        problems: what is wrong with the gallery's own files, a sentence each.
        repaired: what was done about it, a sentence each.
        missing: photos whose files are not there just now; never removed here, the disk may be unplugged.
        photos: photos in the gallery, as far as it could be read.
    """

    problems: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    photos: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, or nothing any more."""
        return len(self.problems) == len(self.repaired) and not self.missing


def verify(name: str, *, repair: bool = False) -> VerifyReport:
    """Check the SQLite file, the features in it, the FAISS file, and whether the photos are there.

    Args:
        name: of the gallery.
        repair: make a damaged FAISS file anew, remove photos whose features are damaged (they are
            read again when their folder is indexed), and set a SQLite file aside that cannot be trusted.

    Raises:
        RaihaError: "gallery-name", "gallery-missing", "gallery-newer", "gallery-older", "gallery-unavailable", or
            "gallery-busy" when it is to be repaired.
    """
    report = VerifyReport()
    try:
        with Gallery(name) as gallery:
            integrity = gallery.integrity()
            if integrity == "ok":
                _verify_features(gallery, report, repair)
                _verify_index(gallery, report, repair)
                report.missing = [p.file.path for p in gallery.photos() if not p.file.path.exists()]
                report.photos = gallery.status().photos
            else:
                report.problems.append(f"The SQLite file is damaged: {integrity}.")
    except RaihaError as error:
        if error.code != "gallery-damaged":
            raise
        report.problems.append(error.sentence)
    if repair and len(report.repaired) < len(report.problems):
        report.repaired.append(_set_aside(name))
    return report


def _verify_features(gallery: Gallery, report: VerifyReport, repair: bool) -> None:
    damaged = gallery.damaged_photos()
    if not damaged:
        return
    report.problems.append(f"The features of {len(damaged)} photos are damaged.")
    if repair:
        with gallery.writing():
            gallery.remove_photos(damaged)
        report.repaired.append("Removed these photos; index their folders again to have them back.")


def _verify_index(gallery: Gallery, report: VerifyReport, repair: bool) -> None:
    file = gallery.index_file
    if not file.exists() or is_index_sound(file):
        return
    report.problems.append("The FAISS file is damaged; searches do without it, more slowly.")
    if repair:
        file.unlink()
        gallery.refresh_index()
        report.repaired.append("Made the FAISS file anew.")


def _set_aside(name: str) -> str:
    database = database_path(name)
    with writer_lock(name):
        aside = database.with_suffix(".damaged")
        database.replace(aside)
        for leftover in gallery_folder(name).glob(f"{database.name}-*"):
            leftover.unlink()
        (gallery_folder(name) / INDEX_FILE).unlink(missing_ok=True)
    return f'Set the damaged file aside as {aside}; index the folders again: raiha index FOLDER --gallery "{name}".'
