"""Write the paper's tables: our figures on pairs in iHarmony4's layout, beside published ones on the same pairs.

``python -m raiha.training.evaluation.tables DIR --gallery NAME --out .cache/tables`` measures the test split of
iHarmony4, where DIR holds its lists, or else all pairs in DIR. It writes OUT/tables.md, OUT/tables.json (all measures,
also of each image) and OUT/cases.jpg. Pictures go through the pipeline that serves users, at full size; figures are
measured as ``raiha evaluate`` does. Table III needs a gallery.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import Any

import onnxruntime
import torch
from rich.progress import track

from raiha.backend.evaluation import Measures, find_pairs, read_pair
from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_notes
from raiha.gallery_tools.devices import CPU, chosen_device
from raiha.training.data.iharmony4 import SUBSETS, has_lists, read_split
from raiha.training.evaluation.contact_sheet import Case, choose_cases, draw_cases
from raiha.training.evaluation.pipeline_method import through_pipeline
from raiha.training.evaluation.table_figures import (
    COMPOSITE,
    FOREGROUND_SIZES,
    OURS,
    PairRecord,
    Retrieval,
    means,
    means_by,
    measure_pair,
    read_published,
    retrieval_figures,
    scoring_error,
)

_TITLES = {"mse": "MSE↓", "psnr": "PSNR↑", "fmse": "fMSE↓", "fpsnr": "fPSNR↑", "ssim": "SSIM↑"}
_DECIMALS = {"ssim": 4}
_CASES = 3  # of each kind on the contact sheet


def build_report(records: Sequence[PairRecord], conditions: dict[str, Any]) -> dict[str, Any]:
    """Return all figures of the tables, ready for JSON.

    Args:
        records: of all pairs, at least one.
        conditions: data, seed, runs, weights, machine.
    """
    return {
        **conditions,
        "n": len(records),
        "scoring_error": scoring_error(records),
        "all": means(records),
        "by_subset": _in_order(means_by(records, lambda record: record.subset), SUBSETS),
        "by_foreground": _in_order(means_by(records, lambda record: record.size), FOREGROUND_SIZES),
        "retrieval": retrieval_figures(records),
        "per_image": [asdict(record) for record in records],
    }


def _in_order(groups: dict[str, Any], order: Sequence[str] | dict[str, float]) -> dict[str, Any]:
    known = [name for name in order if name in groups]
    return {name: groups[name] for name in (*known, *sorted(set(groups) - set(known)))}


def write_markdown(report: dict[str, Any]) -> str:
    """Return the tables in the paper's layout, as Markdown."""
    lines = [
        "# Tables",
        "",
        f"`python -m raiha.training.evaluation.tables`: {report['n']} pairs of {report['data']}; "
        f"weights {report['weights']}; {report['machine']}. Full size, 8 bits, everything outside "
        "the mask as in the composite. ↑: higher is better, ↓: lower "
        "is better; of each column the best is **bold** and the second <u>underlined</u>, the "
        "composite aside.",
        "",
    ]
    if report["scoring_error"] is not None:
        lines += [
            "Rows other than Composite and Raiha's are published figures of the same images. The untouched composites' "
            f"MSE differs from the published one by at most {report['scoring_error']:.2%}.",
            "",
        ]
    lines += ["## Table I: non-reference setting, by subset", "", *_grouped(report, "by_subset", ("mse", "psnr")), ""]
    lines += ["## Table II: by foreground size", "", *_grouped(report, "by_foreground", ("mse", "fmse")), ""]
    lines += ["## Table III: retrieval-augmented setting", "", *_retrieval_lines(report), ""]
    methods = report["all"]
    columns = [(key, {name: measures.get(key) for name, measures in methods.items()}) for key in _TITLES]
    lines += ["## All measures", "", *_table("Model", [_TITLES[key] for key in _TITLES], columns, list(methods)), ""]
    return "\n".join(line if line.startswith("|") else fill(line, 120, break_on_hyphens=False) for line in lines)


def _grouped(report: dict[str, Any], grouping: str, keys: tuple[str, str]) -> list[str]:
    groups = {**report[grouping], "Average": {"n": report["n"], **report["all"]}}
    methods = list(dict.fromkeys(name for group in groups.values() for name in group if name != "n"))
    titles, columns = [], []
    for name, group in groups.items():
        for key in keys:
            titles.append(f"{name} ({group['n']}) {_TITLES[key]}")
            columns.append((key, {method: group.get(method, {}).get(key) for method in methods}))
    return _table("Model", titles, columns, methods)


def _table(
    corner: str, titles: Sequence[str], columns: Sequence[tuple[str, dict[str, float | None]]], methods: Sequence[str]
) -> list[str]:
    """Return a Markdown table; each column is a measure's key and its values by method."""
    cells = [_marked(key, values) for key, values in columns]
    rows = [[method, *(column[method] for column in cells)] for method in methods]
    return [_row([corner, *titles]), _row(["---"] * (1 + len(titles))), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _marked(key: str, values: dict[str, float | None]) -> dict[str, str]:
    """Return a column's values as text, the two best marked."""
    ranked = sorted((value for name, value in values.items() if value is not None and name != COMPOSITE))
    if _TITLES[key].endswith("↑"):
        ranked.reverse()
    texts = {}
    for name, value in values.items():
        texts[name] = "–" if value is None else _number(key, value)
        if name != COMPOSITE and len(ranked) > 1 and value == ranked[0]:
            texts[name] = f"**{texts[name]}**"
        elif name != COMPOSITE and len(ranked) > 2 and value == ranked[1]:
            texts[name] = f"<u>{texts[name]}</u>"
    return texts


def _number(key: str, value: float) -> str:
    return f"{value:.{_DECIMALS.get(key, 2)}f}"


def _retrieval_lines(report: dict[str, Any]) -> list[str]:
    if report["gallery"] is None:
        return ["Not measured: no gallery was named."]
    figures = report["retrieval"]
    if not figures["n"]:
        return [f"The gallery {report['gallery']} yields a reference for none of the pairs."]
    keys = ("mse", "psnr")

    def plain(name: str, measures: Measures) -> str:
        return _row([name, *(_number(key, measures[key]) for key in keys)])

    def spread(name: str, run: dict[str, Measures]) -> str:
        cells = [f"{_number(key, run['mean'][key])} (± {_number(key, run['deviation'][key])})" for key in keys]
        return _row([name, *cells])

    return [
        f"The {figures['n']} pairs for which the gallery {report['gallery']} yields a reference. Mean and deviation of "
        f"{report['runs']} runs, each with one reference drawn at random among the at most 4 found (seed "
        f"{report['seed']}).",
        "",
        _row(["Method", *(_TITLES[key] for key in keys)]),
        _row(["---"] * 3),
        *(spread(name, run) for name, run in figures["runs"].items() if name != OURS),
        plain(f"{OURS} non-reference", figures["non_reference"]),
        plain(f"{OURS}, all references found at once", figures["together"]),
        spread(OURS, figures["runs"][OURS]),
    ]


def _weights_text(weights: Path) -> str:
    notes = read_notes(weights)
    known = [f"{key} {notes[key]}" for key in ("samples", "seed") if key in notes]
    return f"{weights.name} ({', '.join(known)})" if known else weights.name


def _machine(device: str) -> str:
    place = torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"
    engine = f"ONNX Runtime {onnxruntime.__version__}" if device == CPU else f"torch {torch.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {place}, {engine}"


def main() -> None:
    """Measure and write tables from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--gallery", help="search this gallery for references")
    parser.add_argument("--subsets", nargs="+", choices=SUBSETS, default=SUBSETS, help="of iHarmony4's test list")
    parser.add_argument("--runs", type=int, default=5, help="random draws of a reference")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, help="Raiha's checkpoint")
    parser.add_argument(
        "--variant", nargs=2, action="append", default=[], metavar=("NAME", "FILE"), help="a further row's checkpoint"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, torch-cpu, cuda, ...")
    options = parser.parse_args()
    options.device = chosen_device(options.device)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    listed = has_lists(options.folder, "test")
    pairs = read_split(options.folder, "test", options.subsets) if listed else find_pairs(options.folder)
    published = read_published(options.folder)
    methods = {OURS: through_pipeline(options.weights, options.device)}
    methods |= {name: through_pipeline(Path(file), options.device) for name, file in options.variant}
    retrieval = Retrieval(options.gallery, options.runs, options.seed) if options.gallery else None
    records = [
        measure_pair(pair, methods, published.get(pair.composite.resolve()), retrieval)
        for pair in track(pairs, "Pairs", transient=True)
    ]
    conditions = {
        "data": options.folder.resolve().name,
        "gallery": options.gallery,
        "runs": options.runs,
        "seed": options.seed,
        "weights": _weights_text(options.weights),
        "machine": _machine(options.device),
    }
    report = build_report(records, conditions)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "tables.md").write_text(write_markdown(report), encoding="utf-8")
    (options.out / "tables.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    cases = []
    for why, number in choose_cases(records, _CASES):
        pixels = read_pair(pairs[number])
        cases.append(Case.of(why, records[number], pixels, methods[OURS](pixels.request()).layer))
    draw_cases(cases).save(options.out / "cases.jpg", quality=88)
    print(options.out / "tables.md")


if __name__ == "__main__":
    main()
