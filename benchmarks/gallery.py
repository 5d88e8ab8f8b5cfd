"""How a large gallery does: seconds a search, what the index misses, memory, disk, and how fast nothing new is seen.

A JSON object a gallery of each size: made of the features of real photos (FOLDER), two spliced and with noise, and
searched for the objects of composites (a folder with a manifest.jsonl of file and masks). ``recall_at_5`` is against
``--exact``; ``query_*_s`` are without the extractor's time for the composite, the second time each is searched.
Seconds are wall-clock; ``query_p95_cpu_s`` is the processor's time, which other programs do not prolong.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from large_gallery import make_large_gallery
from machine import cpu_model
from numpy.typing import NDArray
from PIL import Image

from raiha.gallery_tools.appearance import hsv_histograms
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.photos import load_photo
from raiha.gallery_tools.search import search, share_of_foreground
from raiha.gallery_tools.store import Gallery

SAMPLES = Path(__file__).parents[1] / "samples"
_AT_ONCE = 5


@dataclass(frozen=True)
class Query:
    """What a search takes of a composite."""

    content: NDArray[np.float32]
    appearance: NDArray[np.float32]
    mask_grid: NDArray[np.float32]


def main() -> None:
    options = _options()
    extractor = load_extractor()
    queries = _queries(options.composites, extractor)[: options.queries]
    with _data_folder(options.data) as data, Gallery.create("real", extractor.info) as real:
        began = time.perf_counter()
        report = index(real, extractor, [options.folder])
        seconds_a_photo = (time.perf_counter() - began) / report.added if report.added else None
        for count in options.photos:
            result = _measured(real, extractor, queries, data / f"links {count}", count, options)
            if seconds_a_photo is not None:
                result["rescan_speedup"] = round(seconds_a_photo * count / result["rescan_s"], 1)
            print(json.dumps(result), flush=True)
        if options.kills:
            print(json.dumps({"kills": options.kills, "equal": _survives(options.kills, extractor, options.folder)}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES / "photos")
    parser.add_argument("--composites", type=Path, default=SAMPLES, help="folder with manifest.jsonl")
    parser.add_argument("--photos", type=int, nargs="+", default=[100_000], help="sizes of galleries")
    parser.add_argument("--queries", type=int, default=50, help="composites at most")
    parser.add_argument("--exact", type=int, default=20, help="composites that are searched exactly as well")
    parser.add_argument("--kills", type=int, default=0, help="times an index of FOLDER is killed")
    parser.add_argument("--data", type=Path, help="where galleries are kept; by default they are deleted")
    return parser.parse_args()


@contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        data = given or Path(folder)
        os.environ["RAIHA_DATA_DIR"] = str(data.absolute())
        yield data.absolute()


def _queries(folder: Path, extractor: Extractor) -> list[Query]:
    queries = []
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        masks = row.get("masks") or [row.get("mask")]
        if masks[0] is None:
            continue
        pixels = extractor.resize(load_photo(folder / row["file"], extractor.info.input_side))
        content = extractor.content_features([pixels])[0]
        grid = content.shape[0], content.shape[1]
        mask = np.asarray(Image.open(folder / masks[0]).convert("L"))
        queries.append(Query(content, hsv_histograms(pixels, grid), share_of_foreground(mask, grid)))
    return queries


def _measured(
    real: Gallery, extractor: Extractor, queries: Sequence[Query], links: Path, count: int, options: argparse.Namespace
) -> dict[str, object]:
    info = extractor.info
    with Gallery.create(f"large {count}", info) as large:
        if not large.weights:
            large.note_weights(extractor.fingerprint)
        make_large_gallery(real, large, info, links, count)
        began = time.perf_counter()
        large.refresh_index()
        index_s = time.perf_counter() - began
    before = psutil.Process().memory_info().rss
    with Gallery(f"large {count}") as large:
        found, seconds, cpu = [], [], []
        for warm in (False, True):
            for query in queries:
                began, began_cpu = time.perf_counter(), time.process_time()
                paths = [one.path for one in search(large, info, query.content, query.appearance, query.mask_grid, 5)]
                if warm:
                    seconds.append(time.perf_counter() - began)
                    cpu.append(time.process_time() - began_cpu)
                    found.append(paths)
        resident = psutil.Process().memory_info().rss - before
        recalls = []
        for query, paths in zip(queries[: options.exact], found, strict=False):
            exact = search(large, info, query.content, query.appearance, query.mask_grid, 5, exact=True)
            if exact:
                recalls.append(len({one.path for one in exact} & set(paths)) / len(exact))
        walk = _seconds(lambda: _walk(links))
        rescan = _seconds(lambda: _require_unchanged(index(large, extractor, [links]).unchanged, count))
        return {
            "photos": count,
            "query_p50_s": round(float(np.percentile(seconds, 50)), 3),
            "query_p95_s": round(float(np.percentile(seconds, 95)), 3),
            "query_p95_cpu_s": round(float(np.percentile(cpu, 95)), 3),
            "queries": len(queries),
            "queries_with_references": sum(map(bool, found)),
            "recall_at_5": round(float(np.mean(recalls)), 4) if recalls else None,
            "recall_over": len(recalls),
            "resident_mb": round(resident / 2**20, 1),
            "disk_kb_per_photo": round(large.status().bytes / count / 1000, 2),
            "index_s": round(index_s, 1),
            "rescan_s": round(rescan, 2),
            "rescan_of_walk": round(rescan / walk, 2),
            "machine": {"cpu": cpu_model(), "cores": os.cpu_count(), "load": os.getloadavg()[0]},
        }


def _seconds(work) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _walk(folder: Path) -> None:
    """Do the least that finding changes takes: list every folder, stat every file."""
    for place, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118


def _require_unchanged(unchanged: int, count: int) -> None:
    if unchanged != count:
        raise SystemExit(f"Only {unchanged} of {count} photos were unchanged.")


def _survives(kills: int, extractor: Extractor, folder: Path) -> bool:
    """Whether an index that was killed time and again ends equal to one that ran undisturbed."""
    command = "import sys; from raiha.backend.commands.main import main; sys.exit(main())"
    draw = np.random.default_rng(0)
    for _ in range(kills):
        words = [sys.executable, "-c", command, "index", str(folder), "--gallery", "killed"]
        running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(float(draw.uniform(2, 10)))
        running.send_signal(signal.SIGKILL)
        running.wait()
    with Gallery.create("killed", extractor.info) as killed, Gallery("real") as whole:
        index(killed, extractor, [folder])
        return list(killed.encoded()) == list(whole.encoded())


if __name__ == "__main__":
    main()
