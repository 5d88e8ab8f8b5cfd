"""`raiha index`: photos in folders become references to be found."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from raiha.backend.commands.output import JsonFlag, emit, stderr
from raiha.gallery_tools.devices import AUTO
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.index_request import IndexRequest

if TYPE_CHECKING:
    from raiha.gallery_tools.indexer import IndexProgress, IndexReport


def index(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders of photos.")],
    gallery: Annotated[str, typer.Option(help="Name of the gallery; made when there is none.")] = "default",
    extractor: Annotated[
        str | None, typer.Option(help="Extractor of the content features; by default the gallery's, or bundled.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="The extractor's weights, from a local file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads that read photos; by default all cores.")] = None,
    device: Annotated[str, typer.Option(help="Where the extractor runs: auto, cpu, cuda, cuda:1, mps.")] = AUTO,
    watch: Annotated[bool, typer.Option("--watch", help="Go on: take in what changes, until Ctrl+C.")] = False,
    json: JsonFlag = False,
) -> None:
    """Read photos in folders and below, so that references can be found among them.

    What has not changed since is not read again; what is gone is forgotten, unless it may be on a disk that is not
    plugged in. It can be stopped at any time and goes on where it was. Photos are only read, and nothing leaves this
    machine. Hidden folders, @eaDir, node_modules and what a .raihaignore names (a pattern a line) are left out.

    Examples:

        raiha index ~/Pictures

        raiha index ~/Pictures/portraits ~/Pictures/studio --gallery people

        raiha index ~/Pictures --watch

        raiha index /library --gallery postgresql://raiha@server/photos
    """
    from raiha.gallery_tools.photo_watch import changes

    request = IndexRequest(gallery, folders, extractor, weights, workers, device)
    try:
        with changes(folders) if watch else nullcontext((None,)) as turns:
            for _ in turns:
                result, text = read_photos(request)
                emit(result, json, text)
    except KeyboardInterrupt as error:
        raise RaihaError(
            "interrupted",
            "Indexing was stopped; the photos read so far are kept.",
            "Run the same command again to go on.",
            exit_status=130,
        ) from error


def read_photos(request: IndexRequest) -> tuple[dict[str, object], str]:
    """Index with a progress bar on stderr; return the result as an object and in words."""
    from raiha.gallery_tools.index_gallery import index_gallery

    with _ProgressBar() as bar:
        roots, report = index_gallery(request, bar.show)
    return _as_json(request.gallery, roots, report), _as_text(request.gallery, report)


class _ProgressBar(Progress):
    """On stderr: how many, how fast, how long still."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(*columns, TextColumn("{task.fields[pace]}"), console=stderr, transient=True)
        self._bar = self.add_task("Looking for photos", total=None, pace="")

    def show(self, progress: IndexProgress) -> None:
        """Show how many photos have been read."""
        minutes, seconds = divmod(round(progress.seconds_left or 0), 60)
        pace = f"{progress.photos_per_second:.1f} photos/s, {minutes}:{seconds:02} left"
        self.update(self._bar, description="Reading photos", total=progress.total, completed=progress.done, pace=pace)


def _as_json(gallery: str, roots: list[Path], report: IndexReport) -> dict[str, object]:
    return {
        "gallery": gallery,
        "folders": [str(root) for root in roots],
        "photos": report.photos,
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": [{"path": str(path), "reason": reason} for path, reason in report.skipped],
        "seconds": round(report.seconds, 3),
        "photos_per_second": round(report.photos_per_second, 2),
    }


def _as_text(gallery: str, report: IndexReport) -> str:
    counts = ("added", "updated", "moved", "removed", "unchanged")
    changes = ", ".join(f"{getattr(report, name)} {name}" for name in counts if getattr(report, name))
    skipped = [f"Skipped {path}: it {reason}." for path, reason in report.skipped]
    summary = (
        f"The gallery {gallery!r} holds {report.photos} photos ({changes or 'no change'}; {report.seconds:.1f} s)."
    )
    return "\n".join([*skipped, summary])
