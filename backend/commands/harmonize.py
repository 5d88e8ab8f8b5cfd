"""`raiha harmonize`: give an object in a picture file the light and colour of its surroundings."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bars

from raiha.backend.client import raiha_texts as texts
from raiha.backend.commands.output import JsonFlag, emit, stderr
from raiha.backend.commands.protection import protect_inputs
from raiha.gallery_tools.errors import RaihaError

if TYPE_CHECKING:
    from raiha.backend.image_file import ImageFile
    from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult


STAGES = {**texts.STAGES, "sending": texts.STAGES["receiving"]}
"""Labels of the daemon's stages; while it sends the result, the command receives."""


class OnlyChoice(str, Enum):
    """What the change can be limited to."""

    colour = "colour"
    luminance = "luminance"


def harmonize(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The finished composite, or the layer.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .png, .tif, .jpg or .webp.")],
    mask: Annotated[Path | None, typer.Option(help="Picture of IMAGE's size, white where the object is.")] = None,
    background: Annotated[Path | None, typer.Option(help="The picture that the layer lies in.")] = None,
    offset: Annotated[str, typer.Option(metavar="X,Y", help="The layer's top left corner in it, pixels.")] = "0,0",
    gallery: Annotated[str | None, typer.Option(help="Gallery in which references are searched.")] = None,
    no_gallery: Annotated[bool, typer.Option("--no-gallery", help="Search none; the default.")] = False,
    reference: Annotated[list[Path] | None, typer.Option(help="Use this photo; may be repeated.")] = None,
    exclude: Annotated[list[Path] | None, typer.Option(help="Never use this photo; may be repeated.")] = None,
    strength: Annotated[float, typer.Option(min=0, max=1.5, help="0 changes nothing, 1 all, 1.5 exaggerates.")] = 1.0,
    adjust: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Set a number of the adjustment yourself; may be repeated."),
    ] = None,
    only: Annotated[OnlyChoice | None, typer.Option(help="Change nothing else.")] = None,
    clean_edge: Annotated[bool, typer.Option("--clean-edge", help="Remove a fringe of the old background.")] = False,
    match_grain: Annotated[
        bool, typer.Option("--match-grain", help="Add the scene's noise, if it is missing.")
    ] = False,
    match_sharpness: Annotated[
        bool, typer.Option("--match-sharpness", help="Blur the object if it is plainly sharper than the scene.")
    ] = False,
    no_daemon: Annotated[bool, typer.Option("--no-daemon", help="Work in this process.")] = False,
    json: JsonFlag = False,
) -> None:
    """Give an object the light and colour of the picture it lies in.

    IMAGE is a finished composite, and --mask shows where the object is; or IMAGE is a layer with transparency, and
    --background the picture that it lies in, at --offset. The result has IMAGE's size, depth, profile and metadata.

    What was done is an adjustment: exposure, temperature and tint in EV; contrast, brightness, saturation and veil in
    per cent; and a map of shading. --json prints it, and --adjust sets any of its numbers in place of the network's.

    References are searched when a --gallery is named: with the present weights, photos of other things do more harm
    than good. A running daemon does the work, with the same result as this process.

    Examples:

        raiha harmonize composite.jpg --mask mask.png -o better.png

        raiha harmonize dog.png --background beach.tif --offset 1200,800 -o dog-at-the-beach.png

        raiha harmonize composite.png --mask mask.png --adjust exposure=+0.3 --adjust saturation=-10 -o better.png

        raiha harmonize composite.png --mask mask.png --only colour --strength 0.7 -o better.png
    """
    began = time.perf_counter()
    protect_inputs(output, [image, mask, background, *(reference or ()), *(exclude or ())])
    if gallery is not None and not no_gallery:
        _protect_gallery(output, gallery)
    from dataclasses import replace

    from raiha.backend.finishing.finish import Finishing
    from raiha.backend.image_file import check_writable, write_image

    source, request = _read_request(image, mask, background, _parse_offset(offset))
    check_writable(output, alpha=source.pixels.shape[2] == 4)
    request = replace(
        request,
        strength=strength,
        adjust=_parse_adjust(adjust or []),
        only=only.value if only else None,
        gallery=None if no_gallery else gallery,
        references=tuple(reference or ()),
        excluded=tuple(exclude or ()),
        finishing=Finishing(clean_edge, match_grain, match_sharpness),
    )
    result, by_daemon = _harmonized(request, no_daemon=no_daemon)
    lost = write_image(output, replace(source, pixels=result.layer))
    report = _report(output, result, by_daemon, lost, time.perf_counter() - began)
    emit(report, json, _text(report))


def _protect_gallery(output: Path, name: str) -> None:
    """Check that the output is no photo of the gallery, any of which may be read as a reference."""
    if output.exists():
        from raiha.gallery_tools.store import Gallery

        with Gallery(name) as opened:
            protect_inputs(output, (photo.file.path for photo in opened.photos()))


def _read_request(
    image: Path, mask: Path | None, background: Path | None, offset: tuple[int, int]
) -> tuple[ImageFile, HarmonizeRequest]:
    from raiha.backend.image_file import alike, read_image, read_mask
    from raiha.backend.pipeline.bounds import object_bounds
    from raiha.backend.pipeline.request import HarmonizeRequest

    source = read_image(image)
    if mask is None and (background is None or source.pixels.shape[2] == 3):
        raise RaihaError(
            "no-mask",
            f"Raiha cannot tell where the object is in {image.name}.",
            "Give --mask, a picture that is white there; or a layer with transparency and its --background.",
            exit_status=2,
        )
    behind = source.pixels if background is None else alike(read_image(background), source)
    request = HarmonizeRequest(
        layer=source.pixels,
        background=behind,
        mask=None if mask is None else read_mask(mask, (source.pixels.shape[0], source.pixels.shape[1])),
        offset=offset,
        profile=source.profile,
    )
    object_bounds(request)  # reports mistakes before anything is sent
    return source, request


def _parse_offset(text: str) -> tuple[int, int]:
    try:
        x, y = (int(part) for part in text.split(","))
    except ValueError as error:
        raise RaihaError(
            "bad-offset",
            f"{text!r} is not an offset.",
            "Write two whole numbers of pixels, as in --offset 120,-8.",
            exit_status=2,
        ) from error
    return x, y


def _parse_adjust(texts: list[str]) -> dict[str, float]:
    """Return the numbers of ``NAME=VALUE`` texts by name.

    Raises:
        RaihaError: "bad-adjustment".
    """
    from raiha.backend.pipeline.adjustment import LIMITS, UNITS

    numbers = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            low, high = LIMITS[name.strip()]
            number = float(value)
            if not low <= number <= high:
                raise ValueError
        except (KeyError, ValueError) as error:
            ranges = ", ".join(f"{key} ({least:g} to {most:g} {UNITS[key]})" for key, (least, most) in LIMITS.items())
            raise RaihaError(
                "bad-adjustment",
                f"The adjustment {text!r} cannot be understood.",
                f"Write NAME=VALUE, as in --adjust exposure=+0.3. The names are {ranges}.",
                exit_status=2,
            ) from error
        numbers[name.strip()] = number
    return numbers


def _harmonized(request: HarmonizeRequest, *, no_daemon: bool) -> tuple[HarmonizeResult, bool]:
    """Return the result, and whether a daemon computed it."""
    from raiha.backend.daemon.link import harmonize_by_daemon

    with _ProgressBar() as bar:
        if not no_daemon:
            try:
                return harmonize_by_daemon(request, bar.show), True
            except RaihaError as error:
                if error.code not in ("no-daemon", "frame-too-large"):
                    raise
        from raiha.backend.pipeline.pipeline import Pipeline

        return Pipeline(once=True).harmonize(request, bar.show, lambda: False), False


class _ProgressBar(Bars):
    """On stderr, while it is a terminal: the stage and how much of the whole is done."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=stderr, transient=True
        )
        self._bar = self.add_task("Starting", total=1.0)

    def show(self, stage: str, fraction: float) -> None:
        """Show a stage and the share of the whole job that is done, 0 to 1."""
        self.update(self._bar, description=STAGES.get(stage, stage), completed=fraction)


def _report(
    output: Path, result: HarmonizeResult, by_daemon: bool, lost: tuple[str, ...], seconds: float
) -> dict[str, Any]:
    references = [
        {
            "path": str(reference.path),
            "score": reference.score,
            "content": reference.content,
            "appearance": reference.appearance,
        }
        for reference in result.references
    ]
    from raiha.backend.pipeline.colour_difference import LITTLE

    stages = {stage: round(value, 4) for stage, value in result.seconds.items()}
    return {
        "output": str(output),
        "adjustments": result.adjustment.as_json(),
        "change": round(result.change, 2),
        "fits": result.change < LITTLE,
        "references": references,
        "seconds": {**stages, "total": round(seconds, 4)},
        "daemon": by_daemon,
        "lost": list(lost),
        "notices": list(result.notices),
    }


def _text(report: dict[str, Any]) -> str:
    lines = [f"{report['output']} written in {report['seconds']['total']:.1f} s."]
    if report["fits"]:
        lines.append("  The object already fits; little was changed.")
    for reference in report["references"]:
        score = "chosen by you" if reference["score"] is None else f"score {reference['score']:.3f}"
        lines.append(f"  reference {reference['path']} ({score})")
    lines += [f"  {notice}" for notice in report["notices"]]
    lines += [f"  {what} is not in the result" for what in report["lost"]]
    return "\n".join(lines)
