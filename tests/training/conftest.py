"""A tiny packed data set made of the sample photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from raiha.training.data.json_lines import read_json_lines
from raiha.training.data.photo_pack import PhotoPack, build

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as ``raiha.training.train`` and ``raiha.training.evaluation.ablations`` take it."""
    folder = tmp_path_factory.mktemp("data")
    source = folder / "source"
    source.mkdir()
    entries = []
    for number, entry in enumerate(read_json_lines(SAMPLES / "manifest.jsonl")):
        if entry.get("masks"):
            split = "val" if number % 5 == 0 else "train"
            files = {"file": str(SAMPLES / entry["file"]), "masks": [str(SAMPLES / mask) for mask in entry["masks"]]}
            entries.append({**files, "split": split})
    (source / "manifest.jsonl").write_text("\n".join(json.dumps(entry) for entry in entries))
    build(source, folder / "pack_96", 96)
    pack = PhotoPack.load(folder / "pack_96")
    numbers = np.random.default_rng(0)
    content = numbers.standard_normal((len(pack.names), 8, 8, 64)).astype(np.float16)
    np.save(folder / "content.npy", content)
    for name in ("retrieved", "retrieved_70_80", "retrieved_80_90"):
        np.save(folder / f"{name}.npy", numbers.integers(-1, len(pack.names), (len(pack.masks), 3)))
    return folder
