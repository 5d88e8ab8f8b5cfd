"""How fast a folder is indexed, beside what decoding and the extractor alone allow, and what ViT-S/14 allows.

    python benchmarks/index.py [FOLDER] [--json]

The three are measured in turn on the same photos, a part at a time, so that what else the machine does hits them alike.
ViT-S/14 has random weights, which take as long as trained ones, and sees fewer photos, as it is slow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import timm
from machine import cpu_model
from numpy.typing import NDArray

from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.extractors.registry import EXTRACTORS
from raiha.gallery_tools.extractors.torch_extractor import extractor_of
from raiha.gallery_tools.extractors.weights import VisionTransformerPatches
from raiha.gallery_tools.indexer import BATCH, default_workers, index
from raiha.gallery_tools.photo_folders import find_photos
from raiha.gallery_tools.photo_reader import in_threads
from raiha.gallery_tools.photos import load_photo
from raiha.gallery_tools.store import Gallery, remove_gallery

SAMPLES = Path(__file__).parents[1] / "samples" / "photos"
GALLERY = "benchmark"


def main() -> None:
    options = _options()
    ours, vit = load_extractor("bundled", options.weights), _vit_s()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RAIHA_DATA_DIR"] = f"{folder}/data"
        parts = _parts_of_copies(options.folder, Path(folder), options.photos, options.parts)
        _warm_up(parts[0], ours, vit)
        rounds = [_measured(part, ours, vit, options.vit_photos) for part in parts]
    rate, limit, vit_limit = (median(column) for column in zip(*rounds, strict=True))
    result = {
        "photos_per_second": round(rate, 2),
        "limit_photos_per_second": round(limit, 2),
        "vit_s_photos_per_second": round(vit_limit, 3),
        "of_limit": round(median(whole / alone for whole, alone, _ in rounds), 3),
        "times_vit_s": round(median(whole / slow for whole, _, slow in rounds), 2),
        "photos": options.photos,
        "rounds": len(rounds),
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
    }
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--photos", type=int, default=240, help="photos indexed in all (copies if need be)")
    parser.add_argument("--parts", type=int, default=5, help="parts in which they are measured")
    parser.add_argument("--vit-photos", type=int, default=4, help="photos of each part that ViT-S sees")
    parser.add_argument("--weights", type=Path, help="weights of the bundled extractor")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _parts_of_copies(source: Path, target: Path, count: int, parts: int) -> list[Path]:
    """Copy the photos, as many as asked for, into folders in turn."""
    originals = list(find_photos([source]))
    folders = [target / f"part {number}" for number in range(parts)]
    for folder in folders:
        folder.mkdir()
    for number in range(count):
        original = originals[number % len(originals)]
        shutil.copyfile(original, folders[number % parts] / f"{number}{original.suffix}")
    return folders


def _photos(part: Path) -> list[Path]:
    return list(find_photos([part]))


def _warm_up(part: Path, *extractors: Extractor) -> None:
    for extractor in extractors:
        extractor.content_features([load_photo(path) for path in _photos(part)[:2]])


def _measured(part: Path, ours: Extractor, vit: Extractor, vit_photos: int) -> tuple[float, float, float]:
    """Photos a second of: the whole of indexing; decoding and our extractor alone; decoding and ViT-S alone."""
    photos = _photos(part)
    with _rate(len(photos)) as alone:
        _decode_and_extract(photos, ours)
    with _rate(len(photos)) as whole, Gallery.create(GALLERY, ours.info) as gallery:
        report = index(gallery, ours, [part])
    remove_gallery(GALLERY)
    if report.added != len(photos):
        raise SystemExit(f"Only {report.added} of {len(photos)} photos were indexed: {report.skipped}")
    with _rate(len(photos[:vit_photos])) as slow:
        _decode_and_extract(photos[:vit_photos], vit)
    return whole[0], alone[0], slow[0]


@contextmanager
def _rate(count: int) -> Iterator[list[float]]:
    """Give a list in which the photos a second are when it is over."""
    rate: list[float] = []
    began = time.perf_counter()
    yield rate
    rate.append(count / (time.perf_counter() - began))


def _decode_and_extract(photos: Sequence[Path], extractor: Extractor) -> None:
    """Return the limit: the threads, the decoder and the batches of the indexer, and nothing else."""

    def decoded(path: Path) -> NDArray[np.uint8]:
        return extractor.resize(load_photo(path, extractor.info.input_side))

    batches: dict[tuple[int, ...], list[NDArray[np.uint8]]] = {}
    for _, future in in_threads(decoded, photos, default_workers()):
        pixels = future.result()
        batches.setdefault(pixels.shape, []).append(pixels)
        if len(batches[pixels.shape]) == BATCH:
            extractor.content_features(batches.pop(pixels.shape))
    for batch in batches.values():
        extractor.content_features(batch)


def _vit_s() -> Extractor:
    info = EXTRACTORS["dinov2-s"]
    model = timm.create_model(info.architecture, pretrained=False, num_classes=0, dynamic_img_size=True)
    return extractor_of(info, VisionTransformerPatches(model).eval())


if __name__ == "__main__":
    main()
