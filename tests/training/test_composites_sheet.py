"""The sheet of real composites: reading a manifest, pages, tables, and the command with the shipped network."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from drawn_pairs import ball_pair
from PIL import Image

from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult
from raiha.gallery_tools.errors import RaihaError
from raiha.training.evaluation.composites import (
    draw_pages,
    harmonize_composite,
    main,
    mean_changes,
    read_composites,
    write_table,
)
from raiha.training.evaluation.object_changes import ObjectChanges
from raiha.training.evaluation.pipeline_method import through_pipeline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of five composites, the last with two masks."""
    lines = []
    for number in range(5):
        pair = ball_pair(80, 100 + number, seed=number)
        Image.fromarray(pair.composite).save(tmp_path / f"{number}.png")
        halves = [pair.mask] if number < 4 else [pair.mask & (np.arange(104) < 50), pair.mask & (np.arange(104) >= 50)]
        names = [f"mask_{number}_{part}.png" for part in range(len(halves))]
        for name, half in zip(names, halves, strict=True):
            Image.fromarray(half).convert("L").save(tmp_path / name)
        lines.append(json.dumps({"file": f"{number}.png", "masks": names}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    return tmp_path


def whiten(request: HarmonizeRequest) -> HarmonizeResult:
    assert request.mask is not None
    return HarmonizeResult(np.where(request.mask[..., None] > 0, np.uint8(255), request.layer), Adjustment(), 0.0, ())


def test_masks_of_a_picture_are_one_object(folder: Path) -> None:
    composites = list(read_composites(folder))
    assert [composite.name for composite in composites] == ["0", "1", "2", "3", "4"]
    assert np.array_equal(composites[4].mask > 127, ball_pair(80, 104, seed=4).mask)


def test_what_cannot_be_read_is_explained(folder: Path) -> None:
    with pytest.raises(RaihaError, match="no manifest"):
        list(read_composites(folder / "elsewhere"))
    Image.new("L", (9, 9)).save(folder / "mask_1_0.png")
    with pytest.raises(RaihaError, match=r"1\.png and its masks differ in size"):
        list(read_composites(folder))


def test_pages_show_before_and_after(folder: Path) -> None:
    rows = [harmonize_composite(composite, whiten) for composite in read_composites(folder)]
    pages = draw_pages(rows)
    assert len(pages) == 2 and pages[0].height > 3 * pages[1].height
    pixels = np.asarray(pages[1])
    before, after = pixels[36:116, 12:116], pixels[36:116, 584:688]
    assert np.array_equal(before, rows[4].composite.pixels) and np.array_equal(after, rows[4].result)


def test_the_table_has_a_row_for_each_and_their_means(folder: Path) -> None:
    rows = [harmonize_composite(composite, whiten) for composite in read_composites(folder)]
    lines = write_table(rows).splitlines()
    assert len(lines) == 2 + 5 + 1 and lines[0].count("|") == 7
    assert "+100.00%" in lines[2] and lines[-1].startswith("| mean |")
    both = mean_changes([ObjectChanges(1, 0.5, 0.5, 4.0, 3), ObjectChanges(3, 0.0, 2.0, 1.0, 5)])
    assert both == ObjectChanges(2, 0.25, pytest.approx(1), pytest.approx(2), 4)


def test_the_command_writes_pages_and_tables_of_what_users_get(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "docs" / "sheet.png"
    monkeypatch.setattr(sys, "argv", ["composites", str(folder), "--out", str(out)])
    main()
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["sheet_1.png", "sheet_2.png", "sheet.json", "sheet.md"]
    report = json.loads((folder / "docs" / "sheet.json").read_text())
    assert list(report["composites"]) == ["0", "1", "2", "3", "4"]
    last = list(read_composites(folder))[4]
    result = harmonize_composite(last, through_pipeline())
    assert report["composites"]["4"] == asdict(result.changes)
    assert result.changes.colour_difference > 0
    assert np.array_equal(result.result[last.mask == 0], last.pixels[last.mask == 0])
    assert "| composite |" in (folder / "docs" / "sheet.md").read_text()
