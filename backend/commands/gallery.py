"""`raiha gallery`: what is in a gallery, and keeping it in order."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raiha.backend.commands.output import JsonFlag, emit
from raiha.backend.commands.protection import protect_inputs
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.whole_file import require_replaceable

if TYPE_CHECKING:
    from raiha.gallery_tools.store import Gallery

app = typer.Typer(no_args_is_help=True, help="See what galleries hold, and keep them in order.")

GalleryName = Annotated[str, typer.Option("--gallery", help="Name of the gallery.")]


@app.command()
def status(
    gallery: Annotated[str | None, typer.Option(help="Name of one gallery; by default all are shown.")] = None,
    json: JsonFlag = False,
) -> None:
    """Say of each gallery how many photos it holds, its size, its extractor, its folders and when it was last indexed.

    Examples:

        raiha gallery status

        raiha gallery status --gallery people --json
    """
    from raiha.gallery_tools.gallery_file import gallery_names

    found = [_status_of(name) for name in gallery_names()] if gallery is None else [_status_of(gallery, strict=True)]
    text = "\n".join(_status_text(one) for one in found)
    emit({"galleries": found}, json, text or "There is no gallery yet. Make one: raiha index FOLDER")


@app.command(name="list")
def list_photos(gallery: GalleryName = "default", json: JsonFlag = False) -> None:
    """List the photos of a gallery.

    Examples:

        raiha gallery list

        raiha gallery list --gallery people --json
    """
    from raiha.gallery_tools.store import Gallery

    with Gallery(gallery) as opened:
        photos = [
            {"path": str(photo.file.path), "width": photo.width, "height": photo.height} for photo in opened.photos()
        ]
    emit({"gallery": gallery, "photos": photos}, json, "\n".join(str(photo["path"]) for photo in photos))


@app.command()
def remove(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Photos or folders.")] = None,
    all_photos: Annotated[bool, typer.Option("--all", help="Remove the whole gallery.")] = False,
    gallery: GalleryName = "default",
    json: JsonFlag = False,
) -> None:
    """Take photos, folders or everything out of a gallery. The photos themselves stay where they are.

    Examples:

        raiha gallery remove ~/Pictures/receipts ~/Pictures/screenshot.png

        raiha gallery remove --all --gallery people
    """
    from raiha.gallery_tools.store import Gallery, remove_gallery

    if all_photos == bool(paths):
        raise RaihaError(
            "what-to-remove",
            "It must be said what to remove: either paths or --all.",
            "Name photos or folders, or give --all for the whole gallery.",
            exit_status=2,
        )
    if all_photos:
        remove_gallery(gallery)
        emit({"gallery": gallery, "all": True}, json, f"The gallery {gallery!r} is gone.")
        return
    with Gallery(gallery) as opened, opened.writing():
        removed = _remove_below([path.expanduser() for path in paths or []], opened)
        left = opened.status().photos
    text = f"Removed {removed} photos from the gallery {gallery!r}; it holds {left} now."
    emit({"gallery": gallery, "removed": removed, "photos": left}, json, text)


@app.command()
def verify(
    gallery: GalleryName = "default",
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    json: JsonFlag = False,
) -> None:
    """Check a gallery's files and whether its photos are there; the exit status is 1 when something is wrong.

    Examples:

        raiha gallery verify

        raiha gallery verify --repair --gallery people
    """
    from raiha.gallery_tools.verify import verify as verify_gallery

    report = verify_gallery(gallery, repair=repair)
    missing = [f"Not there just now: {path}" for path in report.missing]
    verdict = f"The gallery {gallery!r} is sound: {report.photos} photos." if report.sound else "Not all is well."
    emit(
        {
            "gallery": gallery,
            "sound": report.sound,
            "photos": report.photos,
            "problems": report.problems,
            "repaired": report.repaired,
            "missing": [str(path) for path in report.missing],
        },
        json,
        "\n".join([*report.problems, *report.repaired, *missing, verdict]),
    )
    if not report.sound:
        raise typer.Exit(1)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="The file to write.")],
    features: Annotated[bool, typer.Option("--features", help="Write the features too, as FILE.npz.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over files that exist.")] = False,
    gallery: GalleryName = "default",
    json: JsonFlag = False,
) -> None:
    """Write what a gallery holds to a JSON file, and with --features its features as NumPy arrays.

    Examples:

        raiha gallery export gallery.json

        raiha gallery export people.json --features --gallery people
    """
    from raiha.gallery_tools.export import export_features, export_photos
    from raiha.gallery_tools.store import Gallery

    files = [file, file.with_suffix(".npz")] if features else [file]
    _require_free(files, overwrite)
    with Gallery(gallery) as opened:
        for written in files:
            protect_inputs(written, [*opened.own_files(), *(photo.file.path for photo in opened.photos())])
        export_photos(opened, file)
        if features:
            export_features(opened, files[1])
    names = [str(one) for one in files]
    emit({"gallery": gallery, "files": names}, json, f"Wrote {' and '.join(names)}.")


@app.command()
def report(
    file: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that exists.")] = False,
    gallery: GalleryName = "default",
    json: JsonFlag = False,
) -> None:
    """Write a page about a gallery: counts, skipped files with reasons, and maps of its photos by content and by light.

    The page is one file with all that it shows, and loads nothing from elsewhere.

    Examples:

        raiha gallery report gallery.html

        raiha gallery report people.html --gallery people --overwrite
    """
    from raiha.gallery_tools.report import write_report
    from raiha.gallery_tools.store import Gallery

    _require_free([file], overwrite)
    with Gallery(gallery) as opened:
        protect_inputs(file, [*opened.own_files(), *(photo.file.path for photo in opened.photos())])
        write_report(opened, file)
        photos = opened.status().photos
    emit({"gallery": gallery, "file": str(file), "photos": photos}, json, f"Wrote {file}.")


def _status_of(name: str, *, strict: bool = False) -> dict[str, object]:
    from raiha.gallery_tools.store import Gallery

    try:
        with Gallery(name) as gallery:
            found = gallery.status()
    except RaihaError as error:
        if strict:
            raise
        return {"name": name, "error": {"code": error.code, "sentence": error.sentence, "remedy": error.remedy}}
    when = found.last_indexed
    return {
        "name": name,
        "photos": found.photos,
        "patches": found.patches,
        "bytes": found.bytes,
        "extractor": found.extractor,
        "last_indexed": when and datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="seconds"),
        "folders": [str(folder) for folder in found.folders],
    }


def _status_text(found: dict[str, object]) -> str:
    match found:
        case {"error": {"sentence": sentence, "remedy": remedy}}:
            return f"{sentence} {remedy}"
        case {"name": name, "photos": photos, "bytes": int(size), "extractor": extractor, "folders": list(folders)}:
            when = found["last_indexed"] or "never to the end"
            summary = f"{name}: {photos} photos, {size / 2**20:.1f} MB, extractor {extractor}, last indexed {when}"
            return "\n".join([summary, *(f"  {folder}" for folder in folders)])
    raise AssertionError(found)


def _remove_below(paths: list[Path], gallery: Gallery) -> int:
    places = {place for path in paths for place in (path.absolute(), path.resolve())}
    photos = [path for path in map(Path, gallery.files()) if any(path.is_relative_to(place) for place in places)]
    folders = [folder for folder in gallery.folders() if any(folder.is_relative_to(p) for p in places)]
    if not photos and not folders:
        raise RaihaError(
            "not-in-gallery",
            f"The gallery {gallery.name!r} holds nothing at {', '.join(map(str, paths))}.",
            f'See what it holds: raiha gallery list --gallery "{gallery.name}".',
        )
    gallery.remove(photos)
    gallery.forget_folders(folders)
    return len(photos)


def _require_free(files: list[Path], overwrite: bool) -> None:
    for file in files:
        if not file.parent.is_dir():
            raise RaihaError(
                "folder-missing", f"There is no folder {file.parent}.", "Name a file in a folder that exists."
            )
        if file.exists() and not overwrite:
            raise RaihaError(
                "file-exists", f"{file} exists already.", "Choose another name, or allow it with --overwrite."
            )
        require_replaceable(file)
