"""The paper's tables: figures by subset, size and run, their Markdown, and the command with a stand-in network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_iharmony4 import NAMES, build_iharmony4, write_root_lists

from raiha.backend.evaluation import Harmonize, find_pairs, mean_measures, read_pair
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import save_network
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult, UsedReference
from raiha.training.evaluation.contact_sheet import Case, choose_cases, draw_cases
from raiha.training.evaluation.table_figures import (
    COMPOSITE,
    OURS,
    PairRecord,
    Retrieval,
    measure_pair,
    read_published,
    retrieval_figures,
    scoring_error,
)
from raiha.training.evaluation.tables import build_report, main, write_markdown

RETRIEVAL = Retrieval("mine", runs=4, seed=7)
CONDITIONS = {
    "data": "tiny",
    "gallery": "mine",
    "runs": 4,
    "seed": 7,
    "weights": "stand-in.safetensors",
    "machine": "any",
}


def brightening(gain: float, found: int = 3) -> Harmonize:
    """Brightens the object; a gallery holds ``found`` references, and each changes the gain in its own way."""

    def harmonize(request: HarmonizeRequest) -> HarmonizeResult:
        assert request.mask is not None
        paths = request.references or tuple(Path(f"{n}.jpg") for n in range(found) if request.gallery)
        factor = gain + sum(0.02 * int(path.stem) for path in paths)
        brighter = np.clip(request.layer * factor, 0, 255).astype(np.uint8)
        layer = np.where(request.mask[..., None] > 0, brighter, request.layer)
        return HarmonizeResult(
            layer, Adjustment(), 0.0, tuple(UsedReference(path, 0.5, 0.5, 0.9, b"") for path in paths)
        )

    return harmonize


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build_iharmony4(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def records(root: Path) -> list[PairRecord]:
    methods = {OURS: brightening(1.3), "Raiha w/o SGF": brightening(1.2)}
    return [measure_pair(pair, methods, retrieval=RETRIEVAL) for pair in find_pairs(root)]


def test_means_go_over_images_by_subset_and_by_size(records: list[PairRecord]) -> None:
    report = build_report(records, CONDITIONS)
    assert list(report["by_subset"]) == ["HAdobe5k", "HFlickr", "HCOCO", "Hday2night"]
    assert {name: group["n"] for name, group in report["by_subset"].items()} == {k: len(v) for k, v in NAMES.items()}
    assert list(report["by_foreground"]) == ["5-15 %", "15-100 %"]
    for group, chosen in (("5-15 %", lambda ratio: ratio <= 0.15), ("15-100 %", lambda ratio: ratio > 0.15)):
        of_group = [record.measures[OURS] for record in records if chosen(record.ratio)]
        assert report["by_foreground"][group]["n"] == len(of_group) > 0
        assert report["by_foreground"][group][OURS] == mean_measures(of_group)
    assert set(report["all"][OURS]) == {"psnr", "mse", "fmse", "fpsnr", "ssim"}
    assert report["all"][OURS]["mse"] < report["all"][COMPOSITE]["mse"]
    json.dumps(report)


def test_runs_draw_one_reference_for_all_methods_and_always_the_same(root: Path, records: list[PairRecord]) -> None:
    figures = retrieval_figures(records)
    assert figures["n"] == len(records)
    means = [mean_measures([r.retrieved.runs[OURS][run] for r in records if r.retrieved]) for run in range(4)]
    psnr = [one["psnr"] for one in means]
    assert figures["runs"][OURS]["mean"]["psnr"] == pytest.approx(np.mean(psnr))
    assert figures["runs"][OURS]["deviation"]["psnr"] == pytest.approx(np.std(psnr, ddof=1)) and np.std(psnr) > 0
    again = [measure_pair(pair, {OURS: brightening(1.3)}, retrieval=RETRIEVAL) for pair in find_pairs(root)]
    for one, other in zip(records, again, strict=True):
        assert one.retrieved and other.retrieved and one.retrieved.found == 3
        assert one.retrieved.runs[OURS] == other.retrieved.runs[OURS]
        ours, other_runs = ([run["mse"] for run in one.retrieved.runs[name]] for name in (OURS, "Raiha w/o SGF"))
        assert [ours.index(mse) for mse in ours] == [other_runs.index(mse) for mse in other_runs]


def test_pairs_without_a_reference_are_left_out_of_the_third_table(root: Path) -> None:
    pairs = find_pairs(root)
    none = [measure_pair(pair, {OURS: brightening(1.3, found=0)}, retrieval=RETRIEVAL) for pair in pairs]
    assert retrieval_figures(none) == {"n": 0}
    assert "yields a reference for none" in write_markdown(build_report(none, CONDITIONS))
    one = measure_pair(pairs[0], {OURS: brightening(1.3)}, retrieval=RETRIEVAL)
    figures = retrieval_figures([one, *none[1:]])
    assert figures["n"] == 1 and figures["non_reference"] == one.measures[OURS]


def published_manifest(root: Path) -> None:
    """Peers of all pairs of one folder, as pairs_dev has them; ours is better than one of the two."""
    lines = []
    for pair in find_pairs(root / "HFlickr"):
        mse = measure_pair(pair, {OURS: brightening(1.0)}).measures[COMPOSITE]["mse"]
        peers = {
            "composite": {"MSE": mse * 1.001, "PSNR": 20.0, "fMSE": 900.0},
            "DCCF": {"MSE": 0.1, "PSNR": 60.0, "fMSE": 1.0},
            "PCTNet_ViT": {"MSE": 5000.0, "PSNR": 11.0, "fMSE": 9000.0},
        }
        lines.append(json.dumps({"composite": f"HFlickr/composite_images/{pair.composite.name}", "peers": peers}))
    (root / "manifest.jsonl").write_text("\n".join(lines))


def test_published_figures_of_the_same_images_stand_beside_ours(root: Path) -> None:
    published_manifest(root)
    (root / "HFlickr").rename(root / "iharmony4_test")
    manifest = root / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("HFlickr", "iharmony4_test"))
    published = read_published(root / "iharmony4_test")
    pairs = find_pairs(root / "iharmony4_test")
    assert len(published) == 2 and read_published(root)[pairs[0].composite.resolve()]
    records = [measure_pair(pair, {OURS: brightening(1.3)}, published[pair.composite.resolve()]) for pair in pairs]
    assert {record.subset for record in records} == {"HFlickr"}, "genuine names tell their subset"
    assert scoring_error(records) == pytest.approx(0.001, rel=0.01)
    lines = write_markdown(build_report(records, {**CONDITIONS, "gallery": None})).splitlines()
    first = lines[lines.index("## Table I: non-reference setting, by subset") + 2 :][:6]
    assert [line.split(" | ")[0] for line in first] == [
        "| Model",
        "| ---",
        "| Composite",
        "| DCCF",
        "| PCT-Net ViT",
        "| Raiha",
    ]
    assert "HFlickr (2) MSE↓" in first[0] and "Average (2) PSNR↑" in first[0]
    assert "**0.10**" in first[3] and "**60.00**" in first[3] and "<u>" in first[5]
    assert "Not measured: no gallery was named." in lines
    assert any("at most 0.10%" in line for line in lines)


def test_a_figure_that_some_images_lack_is_no_mean(root: Path) -> None:
    published_manifest(root)
    published = read_published(root)
    records = [
        measure_pair(pair, {OURS: brightening(1.3)}, published.get(pair.composite.resolve()))
        for pair in find_pairs(root)
    ]
    report = build_report(records, CONDITIONS)
    assert "DCCF" in report["by_subset"]["HFlickr"] and "DCCF" not in report["all"]
    text = write_markdown(report)
    assert next(line for line in text.splitlines() if line.startswith("| DCCF")).count("–") == 8


def test_markdown_says_data_number_seed_runs_and_machine(records: list[PairRecord]) -> None:
    text = write_markdown(build_report(records, CONDITIONS))
    for part in ("9 pairs of tiny", "stand-in.safetensors", "; any.", "4 runs", "seed 7", "gallery mine", "(± "):
        assert part in text
    rows = text[text.index("## Table III") : text.index("## All")].splitlines()
    names = [row.split(" | ")[0] for row in rows if row.startswith("|")]
    assert names[2:] == ["| Raiha w/o SGF", "| Raiha non-reference", "| Raiha, all references found at once", "| Raiha"]


def test_the_sheet_shows_best_median_and_worst_once_each(root: Path, records: list[PairRecord]) -> None:
    chosen = choose_cases(records, 2)
    gains = [records[number].gain for _, number in chosen]
    assert [why for why, _ in chosen] == ["best"] * 2 + ["median"] * 2 + ["worst"] * 2
    assert gains == sorted(gains, reverse=True) and max(gains) == max(r.gain for r in records)
    assert min(gains) == min(r.gain for r in records)
    assert choose_cases(records[:1], 3) == [("best", 0)]
    pairs = find_pairs(root)
    pixels = [read_pair(pairs[number]) for _, number in chosen]
    cases = [Case.of(why, records[number], one, one.real) for (why, number), one in zip(chosen, pixels, strict=True)]
    sheet = draw_cases(cases)
    assert sheet.mode == "RGB" and sheet.height > 6 * 300


def test_the_command_writes_tables_figures_and_sheet_with_a_stand_in_network(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_root_lists(root)
    torch.manual_seed(0)
    config = NetworkConfig(width=32)
    weights, out = tmp_path / "stand-in.safetensors", tmp_path / "docs" / "tables"
    network = Harmonizer(config)
    network.edge_regression.belief.bias.data.fill_(-1e4)  # whatever the edge shows, no change follows from it
    save_network(network.state_dict(), config, InferenceSettings(), weights, {"samples": "12", "seed": "0"})
    arguments = [str(root), "--out", str(out), "--weights", str(weights), "--variant", "Raiha twice", str(weights)]
    arguments += ["--subsets", "HFlickr", "HCOCO"]
    monkeypatch.setattr(sys, "argv", ["tables", *arguments])
    main()
    assert capsys.readouterr().out.strip().endswith("tables.md")
    report: dict[str, Any] = json.loads((out / "tables.json").read_text())
    assert report["n"] == len(report["per_image"]) == 2, "the test list, not all that is there"
    assert report["weights"] == "stand-in.safetensors (samples 12, seed 0)"
    # A network that has learnt nothing changes nothing.
    assert report["all"][OURS] == report["all"]["Raiha twice"] == report["all"][COMPOSITE]
    assert "## Table I" in (out / "tables.md").read_text()
    with Image.open(out / "cases.jpg") as sheet:
        assert 2 * 300 < sheet.height < 3 * 300
