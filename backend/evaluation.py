"""Measure harmonization on pairs in iHarmony4's layout, as published figures at full resolution are measured.

Every image is measured at its own size and in 8 bits, and equals the composite outside the mask. MSE is the mean over
the whole image and all channels; PSNR is 10 log10(255^2 / MSE) of each image, then averaged; fMSE is the MSE over the
masked pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult
from raiha.gallery_tools.errors import RaihaError

Measures = dict[str, float]
"""psnr (dB), mse and fmse (squared 8-bit steps)."""

Harmonize = Callable[[HarmonizeRequest], HarmonizeResult]

_FOLDERS = ("composite_images", "masks", "real_images")
_SUFFIXES = (".jpg", ".png", ".jpeg")


@dataclass(frozen=True)
class Pair:
    """A composite, its mask and the real image.

    Attributes:
        name: subset and name of the composite, without its suffix.
        composite: file.
        mask: file, white = foreground.
        real: file.
    """

    name: str
    composite: Path
    mask: Path
    real: Path

    @property
    def subset(self) -> str:
        """The name of the folder that holds composite_images/."""
        return self.composite.parent.parent.name


@dataclass(frozen=True)
class PairPixels:
    """A pair's files, decoded.

    Attributes:
        composite: (H, W, 3) uint8 encoded sRGB.
        real: (H, W, 3) uint8 encoded sRGB.
        mask: (H, W) bool, True = foreground.
    """

    composite: NDArray[np.uint8]
    real: NDArray[np.uint8]
    mask: NDArray[np.bool_]

    def request(self) -> HarmonizeRequest:
        """Return the request that a user would make, in the non-reference setting."""
        return HarmonizeRequest(self.composite, self.composite, mask=self.mask.astype(np.uint8) * 255)


def find_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of a folder that holds composite_images/, masks/ and real_images/, or subsets that do.

    A composite PHOTO_MASK_VARIANT.jpg belongs to masks/PHOTO_MASK.png and real_images/PHOTO.jpg.

    Raises:
        RaihaError: "no-pairs" or "pair-incomplete".
    """
    subsets = [folder, *sorted(child for child in folder.iterdir() if child.is_dir())] if folder.is_dir() else []
    pairs = [pair for subset in subsets if (subset / _FOLDERS[0]).is_dir() for pair in _pairs_of_subset(subset, folder)]
    if not pairs:
        raise RaihaError(
            "no-pairs",
            f"{folder} holds no test pairs.",
            f"Name a folder with {', '.join(_FOLDERS)} as iHarmony4 has them, or with subsets that do.",
        )
    return pairs


def _pairs_of_subset(subset: Path, folder: Path) -> Iterator[Pair]:
    for composite in sorted((subset / _FOLDERS[0]).iterdir()):
        if composite.suffix.lower() in _SUFFIXES:
            yield pair_of(composite, folder)


def pair_of(composite: Path, folder: Path) -> Pair:
    """Return the pair of a composite that lies in a composite_images/ somewhere in ``folder``.

    Raises:
        RaihaError: "pair-incomplete".
    """
    subset, stem = composite.parent.parent, composite.stem
    _, masks, reals = (subset / name for name in _FOLDERS)
    mask = _counterpart(masks, composite, stem.rsplit("_", 1)[0])
    real = _counterpart(reals, composite, stem.rsplit("_", 2)[0])
    return Pair(str(subset.relative_to(folder) / stem), composite, mask, real)


def _counterpart(folder: Path, composite: Path, usual: str) -> Path:
    """Return the file with the longest beginning of the composite's name, in parts separated by "_".

    A photo has several masks and a mask several composites, whose names have more parts. ``usual`` is the name in
    iHarmony4.

    Raises:
        RaihaError: "pair-incomplete".
    """
    parts = composite.stem.split("_")
    for number in range(len(parts), 0, -1):
        for suffix in _SUFFIXES:
            file = folder / ("_".join(parts[:number]) + suffix)
            if file.is_file():
                return file
    raise RaihaError(
        "pair-incomplete",
        f"{composite} has no counterpart in {folder}.",
        f"Add {folder / usual}.jpg or .png, or remove the composite.",
    )


def measure(image: NDArray[np.uint8], real: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Measures:
    """Compare an image with the real image.

    Args:
        image: (H, W, 3) uint8, equal to the composite outside the mask.
        real: (H, W, 3) uint8.
        mask: (H, W) bool, True = foreground; somewhere True.

    Returns:
        psnr, mse and fmse; psnr is 100 for equal images.
    """
    difference = image[mask].astype(np.float64) - real[mask]
    squared = float((difference**2).sum())
    mse = squared / image.size
    return {"psnr": psnr(mse), "mse": mse, "fmse": squared / difference.size}


def psnr(mse: float) -> float:
    """Return the PSNR in dB of a mean squared error in squared 8-bit steps; at most 100."""
    return 10 * math.log10(255**2 / mse) if mse > 255**2 / 1e10 else 100.0


@dataclass(frozen=True)
class PairFigures:
    """Figures of one pair.

    Attributes:
        name: of the pair.
        measures: of the composite and each setting, by name.
        references: how many each setting used, by name.
    """

    name: str
    measures: dict[str, Measures]
    references: dict[str, int]


def evaluate_pair(pair: Pair, settings: dict[str, str | None], harmonize: Harmonize) -> PairFigures:
    """Measure the untouched composite and each setting.

    Args:
        pair: the pair.
        settings: for each name the gallery to search, or None for the non-reference setting.
        harmonize: makes the result.
    """
    pixels = read_pair(pair)
    measures = {"composite": measure(pixels.composite, pixels.real, pixels.mask)}
    references = {}
    for name, gallery in settings.items():
        result = harmonize(replace(pixels.request(), gallery=gallery))
        measures[name] = measure(result.layer, pixels.real, pixels.mask)
        references[name] = len(result.references)
    return PairFigures(pair.name, measures, references)


def read_pair(pair: Pair) -> PairPixels:
    """Decode a pair's files.

    Raises:
        RaihaError: "unreadable-image" or "pair-sizes".
    """
    composite, real = (_read(file, "RGB") for file in (pair.composite, pair.real))
    grey = _read(pair.mask, "L")
    if not composite.shape == real.shape == (*grey.shape, 3):
        raise RaihaError(
            "pair-sizes",
            f"Composite, mask and real image of {pair.name} differ in size.",
            "Resize them to one size, or remove the pair.",
        )
    return PairPixels(composite, real, grey > 127)


def _read(file: Path, mode: str) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert(mode))
    except OSError as error:
        raise RaihaError(
            "unreadable-image", f"{file} cannot be read: {error}.", "Replace the file, or remove the pair."
        ) from error


def mean_measures(figures: list[Measures]) -> Measures:
    """Return the mean of each measure over images."""
    return {key: sum(measures[key] for measures in figures) / len(figures) for key in figures[0]}
