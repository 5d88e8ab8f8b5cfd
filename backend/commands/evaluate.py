"""`raiha evaluate`: measures harmonization on test pairs, as published figures are measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress as Bars

from raiha.backend.commands.output import JsonFlag, emit, stderr

if TYPE_CHECKING:
    from raiha.backend.evaluation import PairFigures


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="composite_images/, masks/ and real_images/.")],
    gallery: Annotated[str | None, typer.Option(help="Measure with references from this gallery, too.")] = None,
    weights: Annotated[Path | None, typer.Option(help="A network checkpoint other than the shipped one.")] = None,
    json: JsonFlag = False,
) -> None:
    """Measure PSNR, MSE and fMSE on pairs in iHarmony4's layout: a folder of pairs, or a folder of such folders.

    Images count at full size, in 8 bits, and are equal to the composite outside the mask; each mean is over images.

    Examples:

        raiha evaluate iHarmony4/HCOCO

        raiha evaluate pairs --gallery default --json
    """
    from raiha.backend.evaluation import evaluate_pair, find_pairs
    from raiha.backend.pipeline.pipeline import Pipeline

    pairs = find_pairs(folder)
    pipeline = Pipeline(network_weights=weights)
    settings: dict[str, str | None] = {"raiha": None}
    if gallery is not None:
        settings["retrieval"] = gallery
    with Bars(console=stderr, transient=True) as bars:
        task = bars.add_task("Pairs", total=len(pairs))
        figures: list[PairFigures] = []
        for pair in pairs:
            figures.append(
                evaluate_pair(pair, settings, lambda asked: pipeline.harmonize(asked, lambda *_: None, lambda: False))
            )
            bars.advance(task)
    report = _report(figures)
    emit(report, json, _text(report))


def _report(figures: list[PairFigures]) -> dict[str, Any]:
    from raiha.backend.evaluation import mean_measures

    methods = figures[0].measures.keys()
    means = {method: mean_measures([one.measures[method] for one in figures]) for method in methods}
    per_image: list[dict[str, Any]] = []
    for one in figures:
        entry: dict[str, Any] = {"name": one.name, **one.measures}
        if "retrieval" in one.measures:
            entry["retrieval"] = {**one.measures["retrieval"], "references": one.references["retrieval"]}
        per_image.append(entry)
    return {"n": len(figures), **means, "per_image": per_image}


def _text(report: dict[str, Any]) -> str:
    lines = [f"{report['n']} pairs{'PSNR (dB)':>16}{'MSE':>12}{'fMSE':>12}"]
    for method in ("composite", "raiha", "retrieval"):
        if method in report:
            means = report[method]
            lines.append(f"{method:<14}{means['psnr']:>10.2f}{means['mse']:>12.1f}{means['fmse']:>12.1f}")
    return "\n".join(lines)
