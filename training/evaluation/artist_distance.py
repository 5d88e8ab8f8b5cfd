"""Measure how far an object's colours are from those that an artist gave it.

``python -m raiha.training.evaluation.artist_distance PAIRS`` harmonizes pairs in iHarmony4's layout, whose real
pictures are an artist's, and prints the distance of each composite and of each result. The distance compares quantiles
of L*, a* and b* inside the object, so pictures that are a pixel out of place score alike; 0 means the artist's colours.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab

from raiha.backend.evaluation import Harmonize, Pair, find_pairs, read_pair
from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS
from raiha.gallery_tools.errors import RaihaError
from raiha.training.evaluation.pipeline_method import through_pipeline

_EDGE = 2  # pixels of the object's edge that do not count
_QUANTILES = np.linspace(0.02, 0.98, 25)


def artist_distance(image: NDArray[np.uint8], artist: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Return the distance between an object's colours in two pictures, in CIELAB units (D65).

    For each of L*, a* and b* it is the mean absolute difference of 25 quantiles; together, the root of the sum of
    their squares.

    Args:
        image: (H, W, 3) uint8 encoded sRGB.
        artist: (H, W, 3) uint8 encoded sRGB.
        mask: (H, W) bool, True = object; more than 4 pixels wide somewhere.

    Raises:
        RaihaError: "object-too-small".
    """
    inner = ndimage.binary_erosion(mask, iterations=_EDGE)
    if not inner.any():
        raise RaihaError(
            "object-too-small",
            f"Nothing is left of the object without {_EDGE} pixels at its edge.",
            "Use a larger picture, or another mask.",
        )
    image_colours, artist_colours = (_colour_quantiles(pixels[inner]) for pixels in (image, artist))
    return float(np.linalg.norm(np.abs(image_colours - artist_colours).mean(0)))


def _colour_quantiles(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the quantiles (25, 3) of L*, a* and b* of pixels (N, 3)."""
    quantiles: NDArray[np.float64] = np.quantile(rgb2lab(pixels[None])[0], _QUANTILES, axis=0)
    return quantiles


def measure_distances(pair: Pair, harmonize: Harmonize) -> tuple[float, float]:
    """Return the distances of a pair's composite and of its result from the artist's picture."""
    pixels = read_pair(pair)
    result = harmonize(pixels.request()).layer
    composite, harmonized = (artist_distance(image, pixels.real, pixels.mask) for image in (pixels.composite, result))
    return composite, harmonized


def main() -> None:
    """Print distances from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, help="a checkpoint other than the shipped one")
    parser.add_argument("--device", default="auto", help="auto, cpu, torch-cpu, cuda, ...")
    options = parser.parse_args()
    harmonize = through_pipeline(options.weights, options.device)
    distances = []
    for pair in find_pairs(options.pairs):
        distances.append(measure_distances(pair, harmonize))
        print(f"{pair.name}: composite {distances[-1][0]:.1f}, result {distances[-1][1]:.1f}", flush=True)
    composite, result = np.mean(distances, axis=0)
    print(f"mean of {len(distances)}: composite {composite:.1f}, result {result:.1f}")


if __name__ == "__main__":
    main()
