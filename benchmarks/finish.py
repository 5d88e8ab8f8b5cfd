"""Measure what finishing mends: fringes, missing grain and too much sharpness, on photos, and how long it takes.

``python benchmarks/finish.py --masked DATA --large DATA --json`` reads two folders, each with a manifest.jsonl (a JSON
object a line: file, masks, split, source): photos of the val split whose objects have masks, and photos of full size.

* fringe_left: root mean square error of the colours in the rim of fringe twins (paste_twins.py) after cleaning, of that
  before; the median of all objects. The rim is what the mask covers up to three pixels inside its outline.
  outside_changed: pixels beyond it that changed.
* grain_within: share of (photo, octave, luminance) in which the noise of an object that was denoised and pasted back
  has 0.75 to 1.35 of the power of the scene's, with synthetic and with real noise. The real noise is that of the photo
  in those blocks of the object that are flattest once denoised.
* false_grain: objects in denoised photos that are given grain.
* radius_within: share of photos whose scene, blurred by a radius (pixels), is found to be blurred by that radius beside
  the object, within 25 per cent, by radius; too_sharp: share of untouched photos whose own object is called too sharp.
* times: seconds of requests of 24 megapixels with all three, of those without.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import cpu_model
from PIL import Image
from scipy import ndimage
from skimage.restoration import denoise_nl_means

from raiha.backend.colour.luminance import LUMINANCE
from raiha.backend.evaluation import PairPixels
from raiha.backend.finishing import noise
from raiha.backend.finishing.finish import Finish, Finishing
from raiha.backend.finishing.finishing import finished
from raiha.backend.finishing.measuring import Measured, measure
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import HarmonizeRequest
from raiha.training.evaluation.paste_twins import make_twin

AREAS = 0.01, 0.5  # of an object, as shares of its photo
RADII = 0.5, 1.0, 1.5, 2.0, 3.0
SIDE, RADIUS = 768, 288  # of a scene cut from a large photo, and of the object in it
CUTS = 4  # of each large photo
REDUCED = 3  # times, for photos without noise
NOISES = (0.01, 0.02, 0.04)  # deviations at middle gray, white is 1
WITHIN = 0.75, 1.35
RIM = 3  # pixels
LEAST = 0.02  # deviation of noise that is taken from photos at least, white is 1
VISIBLE = (0.4 / 255) ** 2  # power of noise that has to be matched, white is 1
FEWEST = 4  # blocks by which a range of luminance counts


def masked_photos(folder: Path, source: str, most: int) -> list[PairPixels]:
    """Return photos of the val split with their first masks, at most so many, spread evenly."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    entries = [entry for line in lines if (entry := json.loads(line)).get("masks") and entry["split"] == "val"]
    entries = [entry for entry in entries if source in entry["source"]]
    photos = []
    for entry in entries[:: max(1, len(entries) // most)]:
        photo = Image.open(folder / entry["file"]).convert("RGB")
        mask = np.asarray(Image.open(folder / entry["masks"][0]).convert("L").resize(photo.size)) > 127
        if AREAS[0] < mask.mean() < AREAS[1]:
            photos.append(PairPixels(np.asarray(photo), np.asarray(photo), mask))
    return photos


def cuts(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (SIDE, SIDE, 3) uint8 parts of large photos, and as many parts without noise, reduced and denoised."""
    wide = REDUCED * SIDE
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        photo = np.asarray(Image.open(folder / json.loads(line)["file"]).convert("RGB"))
        height, width = photo.shape[:2]
        for place in np.random.default_rng(0).uniform(size=(CUTS, 2)):
            top, left = (
                int(share * (side - wide)) // 32 * 32 for share, side in zip(place, (height, width), strict=True)
            )
            part = Image.fromarray(photo[top : top + wide, left : left + wide])
            yield photo[top : top + SIDE, left : left + SIDE], without_noise(np.asarray(part.reduce(REDUCED)))


def disk() -> np.ndarray:
    """Return the object's opacity (SIDE, SIDE), uint8."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return np.where(np.hypot(x, y) < RADIUS, 255, 0).astype(np.uint8)


def fringes(photos: list[PairPixels]) -> dict[str, Any]:
    left, squares, changed = [], [], 0
    for photo, other in zip(photos, [*photos[1:], photos[0]], strict=True):
        twin = make_twin(photo, other)
        truth = make_twin(photo, replace(photo, mask=np.zeros_like(photo.mask)))  # the fringe is of its own photo
        if twin is None or truth is None:
            continue
        request = HarmonizeRequest(twin.composite, twin.composite, mask=twin.mask)
        result = finished(request, twin.composite.copy(), Finish(clean_edge=True))
        rim = (twin.mask > 0) & (ndimage.distance_transform_edt(twin.mask >= 128) <= RIM)
        changed += int((result != twin.composite)[~rim].any(axis=-1).sum())
        after, before = (
            np.square(pixels[rim].astype(float) - truth.composite[rim]).mean() for pixels in (result, twin.composite)
        )
        squares.append((after, before))
        left.append((after / before) ** 0.5)
    total = np.mean(squares, axis=0)
    return {
        "fringe_left": round(statistics.median(left), 3),
        "fringe_left_of_all_pixels": round(float((total[0] / total[1]) ** 0.5), 3),
        "outside_changed": changed,
        "fringe_twins": len(left),
    }


def with_noise(photo: np.ndarray, deviation: float, numbers: np.random.Generator) -> np.ndarray:
    """Return a photo with noise whose variance grows with luminance, correlated as a camera's is, uint8."""
    white = numbers.standard_normal(photo.shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, (0.6, 0.6, 0))
    gray = (white + 2 * smooth).mean(axis=-1, keepdims=True) + 0.5 * smooth
    level = photo.astype(np.float32) / 255
    return np.rint((level + deviation * np.sqrt(0.3 + 1.4 * level) * gray / gray.std()).clip(0, 1) * 255).astype(
        np.uint8
    )


def without_noise(photo: np.ndarray) -> np.ndarray:
    """Return a denoised photo, uint8 (non-local means)."""
    level = photo.astype(np.float32) / 255
    diagonal = level[:-1, :-1] - level[:-1, 1:] - level[1:, :-1] + level[1:, 1:]
    deviation = float(np.median(np.abs(diagonal)) / 0.6745 / 2)
    clean = denoise_nl_means(
        level, h=max(deviation, LEAST), sigma=max(deviation, LEAST), patch_size=5, patch_distance=4, channel_axis=-1
    )
    return np.rint(clean.clip(0, 1) * 255).astype(np.uint8)


def regrained(clean: np.ndarray, scene: np.ndarray) -> tuple[np.ndarray, Measured]:
    """Return the clean object in its noisy scene with grain, RGB, and what was measured."""
    layer = np.dstack([clean, disk()])
    request = HarmonizeRequest(layer, scene, finishing=Finishing(match_grain=True))
    measured = measure(request, layer, Finish())
    return finished(request, layer.copy(), measured.finish)[..., :3], measured


def power_ratios(result: np.ndarray, wanted: np.ndarray, clean: np.ndarray, flattest: float) -> list[float]:
    """Return by octave and luminance the power of ``result`` over that of ``wanted`` in the object's flat blocks."""
    planes = [_blocks(pixels) for pixels in (result, wanted, clean)]
    solid = _blocks(np.repeat(disk()[..., None], 3, 2)).min((1, 2)) > 0.99
    powers = [noise.octave_powers(plane[solid]) for plane in planes]
    ranges = (planes[2][solid].mean((1, 2)) * noise.BINS).astype(int)
    texture = powers[2].sum(0)
    ratios = []
    for number in np.unique(ranges):
        here = np.flatnonzero(ranges == number)
        here = here[np.argsort(texture[here])[: max(FEWEST, round(flattest * len(here)))]]
        if len(here) >= FEWEST:
            after, before = (power[:, here].mean(1) for power in powers[:2])
            ratios += (after[before > VISIBLE] / before[before > VISIBLE]).tolist()
    return ratios


def _blocks(pixels: np.ndarray) -> np.ndarray:
    """Return (n, BLOCK, BLOCK) float32 luminance, white is 1."""
    plane = (pixels.astype(np.float32) / 255) @ np.array(LUMINANCE, dtype=np.float32)
    side, count = noise.BLOCK, SIDE // noise.BLOCK
    return plane.reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)


def grains(large: Path) -> dict[str, Any]:
    numbers = np.random.default_rng(0)
    synthetic, real, false, cases, unseen = [], [], 0, 0, 0
    for place, (photo, clean) in enumerate(cuts(large)):
        noisy = with_noise(clean, NOISES[place % len(NOISES)], numbers)
        result, _ = regrained(clean, noisy)
        synthetic += power_ratios(result, noisy, clean, flattest=0.25)
        denoised = without_noise(photo)
        result, measured = regrained(denoised, photo)
        unseen += measured.finish.grain is None
        if measured.finish.grain is not None:
            real += power_ratios(result, photo, denoised, flattest=0.25)
        false += regrained(clean, clean)[1].finish.grain is not None
        cases += 1
    return {
        "grain_within": {"synthetic": _within(synthetic), "real": _within(real)},
        "grain_cells": {"synthetic": len(synthetic), "real": len(real)},
        "grain_median": {
            "synthetic": round(float(np.median(synthetic)), 3),
            "real": round(float(np.median(real)), 3) if real else None,
        },
        "photos_without_measurable_noise": unseen,
        "false_grain": false,
        "grain_photos": cases,
    }


def _within(ratios: list[float]) -> float | None:
    values = np.array(ratios)
    return round(float(((values >= WITHIN[0]) & (values <= WITHIN[1])).mean()), 3) if ratios else None


def sharpnesses(photos: list[PairPixels]) -> dict[str, Any]:
    found: dict[float, list[bool]] = {radius: [] for radius in RADII}
    plain: dict[float, list[bool]] = {radius: [] for radius in RADII}
    sharp, soft, unread = 0, 0, 0
    for photo in photos:
        layer = np.dstack([photo.real, photo.mask.astype(np.uint8) * 255])
        own = measure(HarmonizeRequest(layer, photo.real), layer, Finish()).sharpness
        if own is None:
            unread += 1
            continue
        sharp += own.is_plain and own.difference > 0
        soft += own.is_plain and own.difference < 0
        for radius in RADII:
            scene = np.rint(ndimage.gaussian_filter(photo.real.astype(np.float32), (radius, radius, 0))).astype(
                np.uint8
            )
            measured = measure(HarmonizeRequest(layer, scene), layer, Finish()).sharpness
            found[radius].append(measured is not None and abs(measured.difference / radius - 1) <= 0.25)
            plain[radius].append(measured is not None and measured.is_plain and measured.difference > 0)
    count = len(photos) - unread
    return {
        "radius_within": {str(radius): round(float(np.mean(right)), 3) for radius, right in found.items()},
        "called_too_sharp": {str(radius): round(float(np.mean(called)), 3) for radius, called in plain.items()},
        "too_sharp": round(sharp / count, 3),
        "too_soft": round(soft / count, 3),
        "sharpness_photos": count,
        "photos_without_edges": unread,
    }


def times(large: Path, rounds: int) -> dict[str, Any]:
    entry = json.loads((large / "manifest.jsonl").read_text().splitlines()[0])
    photo = Image.open(large / entry["file"]).convert("RGB").resize((6000, 4000), Image.Resampling.BICUBIC)
    pixels = np.asarray(photo)
    y, x = np.ogrid[-1:1:4000j, -1:1:6000j]
    layer = np.dstack([pixels, np.where(x**2 + y**2 < 0.9, 255, 0).astype(np.uint8)])
    soft = ndimage.gaussian_filter(pixels[::-1].astype(np.float32), (2.5, 2.5, 0))
    background = with_noise(np.rint(soft).astype(np.uint8), 0.02, np.random.default_rng(0))
    plain = HarmonizeRequest(layer, background)
    everything = replace(plain, finishing=Finishing(clean_edge=True, match_grain=True, match_sharpness=True))
    pipeline = Pipeline()
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    result = None
    for _ in range(rounds + 1):
        for name, request in (("without", plain), ("with", everything)):
            pipeline._answers.clear()  # the network's answer would be kept from the round before
            began = time.perf_counter()
            result = pipeline.harmonize(request, lambda _stage, _fraction: None, lambda: False)
            seconds[name].append(time.perf_counter() - began)
    assert result is not None
    without, with_all = (statistics.median(seconds[name][1:]) for name in ("without", "with"))
    return {
        "seconds_without": round(without, 3),
        "seconds_with": round(with_all, 3),
        "time_ratio": round(with_all / without, 3),
        "finish": {"blur": result.adjustment.finish.blur, "grain": result.adjustment.finish.grain is not None},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masked", type=Path, help="photos with masks")
    parser.add_argument("--source", default="", help="of --masked, only photos whose source contains this")
    parser.add_argument("--large", type=Path, help="photos of full size")
    parser.add_argument("--most", type=int, default=120, help="photos of --masked at most, about")
    parser.add_argument("--rounds", type=int, default=5, help="of the times; 0 measures none")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    if options.masked:
        photos = masked_photos(options.masked, options.source, options.most)
        figures |= fringes(photos) | sharpnesses(photos)
    if options.large:
        figures |= grains(options.large)
        figures |= times(options.large, options.rounds) if options.rounds else {}
    figures["machine"] = {"cpu": cpu_model(), "cores": os.cpu_count()}
    figures["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(figures) if options.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
