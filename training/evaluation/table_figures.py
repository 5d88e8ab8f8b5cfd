"""Compute the paper's tables: the measures of each pair, and their means by subset and foreground size."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raiha.backend.evaluation import Harmonize, Measures, Pair, mean_measures, read_pair
from raiha.training.data.json_lines import read_json_lines
from raiha.training.evaluation.measures import measure_all

COMPOSITE, OURS = "Composite", "Raiha"

FOREGROUND_SIZES = {"0-5 %": 0.05, "5-15 %": 0.15, "15-100 %": 1.0}
"""The literature's classes of the foreground's share of the picture, by their upper ends, which they include."""

_PUBLISHED_NAMES = {
    "composite": COMPOSITE,
    "harmonizer": "Harmonizer",
    "DCCF": "DCCF",
    "PCTNet_CNN": "PCT-Net CNN",
    "PCTNet_ViT": "PCT-Net ViT",
}
_GENUINE_SUBSETS = {"a": "HAdobe5k", "f": "HFlickr", "c": "HCOCO", "d": "Hday2night"}


@dataclass(frozen=True)
class Retrieved:
    """Measures of a pair in the retrieval-augmented setting.

    Attributes:
        found: number of references that retrieval found, 1 to 4.
        together: our measures with all of them.
        runs: measures of each method with a single reference, drawn anew for each run and the same for all methods.
    """

    found: int
    together: Measures
    runs: dict[str, list[Measures]]


@dataclass(frozen=True)
class PairRecord:
    """The figures of a pair.

    Attributes:
        name: of the pair.
        subset: of iHarmony4, or the folder's name.
        ratio: share of the picture that is foreground, 0 to 1.
        measures: of each method in the non-reference setting; of published ones only psnr, mse and fmse.
        published_composite: the composite's figures as they were published, or None.
        retrieved: None when no gallery was searched or it holds no reference.
    """

    name: str
    subset: str
    ratio: float
    measures: dict[str, Measures]
    published_composite: Measures | None = None
    retrieved: Retrieved | None = None

    @property
    def gain(self) -> float:
        """Our PSNR less the composite's, in dB."""
        return self.measures[OURS]["psnr"] - self.measures[COMPOSITE]["psnr"]

    @property
    def size(self) -> str:
        """Name of the foreground's size class."""
        return next(name for name, end in FOREGROUND_SIZES.items() if self.ratio <= end)


Published = dict[Path, dict[str, Measures]]
"""By a composite's resolved file, the figures of published methods, by their names."""


def read_published(folder: Path) -> Published:
    """Read the ``peers`` of the manifest.jsonl in a folder of pairs or beside it; return none without a manifest."""
    manifests = [base / "manifest.jsonl" for base in (folder, folder.resolve().parent)]
    file = next((manifest for manifest in manifests if manifest.is_file()), None)
    if file is None:
        return {}
    published = {}
    for entry in read_json_lines(file):
        if "peers" in entry:
            published[(file.parent / entry["composite"]).resolve()] = {
                name: {measure.lower(): float(value) for measure, value in entry["peers"][key].items()}
                for key, name in _PUBLISHED_NAMES.items()
                if key in entry["peers"]
            }
    return published


@dataclass(frozen=True)
class Retrieval:
    """Where references come from.

    Attributes:
        gallery: name of the gallery that is searched.
        runs: random draws of a reference for each pair.
        seed: of the draws; a pair's draws depend on it and the pair's name alone.
    """

    gallery: str
    runs: int
    seed: int


def measure_pair(
    pair: Pair,
    methods: dict[str, Harmonize],
    published: dict[str, Measures] | None = None,
    retrieval: Retrieval | None = None,
) -> PairRecord:
    """Measure a pair.

    Args:
        pair: the pair.
        methods: ours under ``OURS``, and variants of it.
        published: figures of other methods on this pair; only genuine pairs of iHarmony4 have them.
        retrieval: None for the non-reference setting alone.

    Raises:
        RaihaError: the pair's files or the gallery cannot be used.
    """
    pixels = read_pair(pair)
    request = replace(pixels.request(), excluded=(pair.real.resolve(),))

    def measured(harmonize: Harmonize, **changes: Any) -> Measures:
        return measure_all(harmonize(replace(request, **changes)).layer, pixels.real, pixels.mask)

    others = dict(published or {})
    published_composite = others.pop(COMPOSITE, None)
    measures = {COMPOSITE: measure_all(pixels.composite, pixels.real, pixels.mask), **others}
    measures |= {name: measured(harmonize) for name, harmonize in methods.items()}
    retrieved = None
    if retrieval is not None:
        with_all = methods[OURS](replace(request, gallery=retrieval.gallery))
        if with_all.references:
            draws = random.Random(f"{retrieval.seed} {pair.name}")
            paths = [reference.path for reference in with_all.references]
            picks = draws.choices(paths, k=retrieval.runs)
            runs = {}
            for name, harmonize in methods.items():
                singles = {path: measured(harmonize, references=(path,)) for path in dict.fromkeys(picks)}
                runs[name] = [singles[path] for path in picks]
            together = measure_all(with_all.layer, pixels.real, pixels.mask)
            retrieved = Retrieved(len(paths), together, runs)
    subset = _GENUINE_SUBSETS.get(pair.composite.name[0], pair.subset) if published else pair.subset
    return PairRecord(pair.name, subset, float(pixels.mask.mean()), measures, published_composite, retrieved)


def means(records: Sequence[PairRecord]) -> dict[str, Measures]:
    """Return the mean measures of each method that has figures of all the records."""
    names = [name for name in records[0].measures if all(name in record.measures for record in records)]
    return {name: mean_measures([record.measures[name] for record in records]) for name in names}


def means_by(records: Sequence[PairRecord], key: Callable[[PairRecord], str]) -> dict[str, dict[str, Any]]:
    """Return ``means`` and the number ``n`` of records, for each class of the records."""
    groups: dict[str, list[PairRecord]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return {name: {"n": len(group), **means(group)} for name, group in groups.items()}


def retrieval_figures(records: Sequence[PairRecord]) -> dict[str, Any]:
    """Return the third table's figures, over the pairs that have a reference.

    Returns:
        "n"; "non_reference" and "together" (ours); "runs": for each method "mean" and "deviation" (of the sample) of
        the runs' means. Only "n", 0, when there are none.
    """
    pairs = [(record, record.retrieved) for record in records if record.retrieved is not None]
    if not pairs:
        return {"n": 0}
    runs = {}
    for name, of_first in pairs[0][1].runs.items():
        each = [mean_measures([retrieved.runs[name][run] for _, retrieved in pairs]) for run in range(len(of_first))]
        runs[name] = {
            "mean": mean_measures(each),
            "deviation": {key: statistics.stdev(run[key] for run in each) if len(each) > 1 else 0.0 for key in each[0]},
        }
    return {
        "n": len(pairs),
        "non_reference": mean_measures([record.measures[OURS] for record, _ in pairs]),
        "together": mean_measures([retrieved.together for _, retrieved in pairs]),
        "runs": runs,
    }


def scoring_error(records: Sequence[PairRecord]) -> float | None:
    """Return the largest relative difference of a composite's MSE from its published one, or None without any."""
    errors = [
        abs(record.measures[COMPOSITE]["mse"] / record.published_composite["mse"] - 1)
        for record in records
        if record.published_composite is not None
    ]
    return max(errors, default=None)
