"""Make the rim-free twins of test pairs: the same pairs as if the object had been cut out and pasted.

``python -m raiha.training.evaluation.paste_twins PAIRS OUT`` reads pairs in iHarmony4's layout, or a folder of such
subsets, and writes their twins to OUT in the same layout, all as PNG. ``--fringe`` makes the other kind of twin, whose
object brings two pixels of another photo's background along, as careless cut-outs do.

In a recoloured pair the mask leaves a rim of the object outside, in its true colours, and includes a rim of the
background, recoloured: a network can read the answer off these rims, and a pasted cut-out has neither. A twin therefore
drops a band around the mask's edge from object and background alike, continues the background smoothly into the band
and behind the object, and lays the object over it with a soft edge. Composite and real picture share one background.
Everything is deterministic.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from raiha.backend.evaluation import Pair, PairPixels, find_pairs, read_pair
from raiha.gallery_tools.errors import RaihaError

_LONGEST_SIDE = 1024  # pixels; larger pairs are reduced to it
_BAND_SHARE = 0.006  # of the longer side, inside the mask's edge; the background loses twice as much
_NARROWEST_BAND = 2  # pixels
_FEWEST_PIXELS = 300  # of object and of background that have to remain
_GRAIN = 2  # standard deviation in 8-bit steps
_EDGE_BLUR = 0.7  # standard deviation in pixels of the object's soft edge
_EDGE_REACH = 3  # pixels outside the object, where the soft edge ends
_FRINGE = 2  # pixels

FOLDERS = ("composite_images", "real_images", "masks")
"""Of iHarmony4's layout, in the order of a twin's fields."""


@dataclass(frozen=True)
class PasteTwin:
    """A pasted object and its answer.

    Attributes:
        composite: (H, W, 3) uint8 encoded sRGB.
        real: (H, W, 3) uint8 encoded sRGB, equal to the composite where the mask is 0.
        mask: (H, W) uint8, the object's opacity.
    """

    composite: NDArray[np.uint8]
    real: NDArray[np.uint8]
    mask: NDArray[np.uint8]

    def write(self, folder: Path, name: str) -> None:
        """Write the three pictures as NAME.png to the folders of iHarmony4's layout."""
        for subfolder, pixels in zip(FOLDERS, (self.composite, self.real, self.mask), strict=True):
            (folder / subfolder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / subfolder / f"{name}.png")


def make_twin(pair: PairPixels, other: PairPixels | None = None) -> PasteTwin | None:
    """Return the twin of a pair, or None where too little of object or background would remain.

    Args:
        pair: of any size.
        other: the pair whose background becomes the object's fringe, or None for a clean cut-out.
    """
    pair = _reduced(pair)
    band = max(_NARROWEST_BAND, round(_BAND_SHARE * max(pair.mask.shape)))
    inner = ndimage.distance_transform_edt(pair.mask) > band
    known = ndimage.distance_transform_edt(~pair.mask) > 2 * band
    if min(inner.sum(), known.sum()) < _FEWEST_PIXELS:
        return None
    background = _continued(pair.real, known, blur=2 * band)
    if other is None:
        return _paste(pair.composite, pair.real, inner, background)
    composite, real = _with_fringe(pair, inner, _background_of(other, inner.shape))
    return _paste(composite, real, ndimage.binary_dilation(inner, iterations=_FRINGE), background)


def _reduced(pair: PairPixels) -> PairPixels:
    """Return the pair with at most ``_LONGEST_SIDE`` pixels on its longer side."""
    height, width = pair.mask.shape
    longest = max(height, width)
    if longest <= _LONGEST_SIDE:
        return pair
    size = round(width * _LONGEST_SIDE / longest), round(height * _LONGEST_SIDE / longest)
    composite, real = (_resized(pixels, size, Image.Resampling.LANCZOS) for pixels in (pair.composite, pair.real))
    mask = _resized(pair.mask.astype(np.uint8) * 255, size, Image.Resampling.BILINEAR)
    return PairPixels(composite, real, mask > 127)


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int], resampling: Image.Resampling) -> NDArray[np.uint8]:
    """Return 8-bit pixels at a size (width, height)."""
    return np.asarray(Image.fromarray(pixels).resize(size, resampling))


def _nearest(pixels: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return (H, W, 3) pixels in which each unknown pixel has the colour of the nearest known one."""
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    nearest: NDArray[np.uint8] = pixels[rows, columns]
    return nearest


def _continued(real: NDArray[np.uint8], known: NDArray[np.bool_], blur: float) -> NDArray[np.float32]:
    """Return the background (H, W, 3) in 8-bit steps, continued smoothly and with a little grain where not known."""
    fill = ndimage.gaussian_filter(_nearest(real, known).astype(np.float32), (blur, blur, 0))
    fill += np.random.default_rng(0).normal(0, _GRAIN, known.shape)[..., None]
    return np.where(known[..., None], real, fill)


def _soft_edged(inner: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the opacity (H, W), 0 to 1, of a cut-out with a soft edge."""
    alpha = ndimage.gaussian_filter(inner.astype(np.float32), _EDGE_BLUR).clip(0, 1)
    return np.where(ndimage.binary_dilation(inner, iterations=_EDGE_REACH), alpha, 0)


def _paste(
    composite: NDArray[np.uint8], real: NDArray[np.uint8], inner: NDArray[np.bool_], background: NDArray[np.float32]
) -> PasteTwin:
    """Lay the object of both pictures over one background (H, W, 3)."""
    alpha = _soft_edged(inner)
    composite, real = (_over(pixels, background, alpha) for pixels in (composite, real))
    return PasteTwin(composite, real, mask=_rounded(alpha * 255))


def _over(
    pixels: NDArray[np.uint8], background: NDArray[np.uint8] | NDArray[np.float32], alpha: NDArray[np.float32]
) -> NDArray[np.uint8]:
    opacity = alpha[..., None]
    return _rounded(opacity * pixels + (1 - opacity) * background)


def _rounded(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = np.rint(values).clip(0, 255).astype(np.uint8)
    return rounded


def _background_of(pair: PairPixels, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the pair's background stretched to a shape (height, width), without its object."""
    size = shape[1], shape[0]
    real = _resized(pair.real, size, Image.Resampling.BILINEAR)
    mask = _resized(pair.mask.astype(np.uint8) * 255, size, Image.Resampling.BILINEAR)
    return _nearest(real, mask == 0) if (mask == 0).any() else real


def _with_fringe(
    pair: PairPixels, inner: NDArray[np.bool_], strange: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return composite and real picture whose object lies on a strange background (H, W, 3), softly mixed with it.

    In the composite that background is as it was photographed. In the real picture it differs from that by as much as
    the nearest pixel of the object does, since an adjustment changes everything that was cut out alike.
    """
    change = pair.real.astype(np.int16) - pair.composite
    rows, columns = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    changed = (strange + change[rows, columns]).clip(0, 255).astype(np.uint8)
    alpha = _soft_edged(inner)
    return _over(pair.composite, strange, alpha), _over(pair.real, changed, alpha)


def _other_photo(pairs: Sequence[Pair], place: int) -> Pair:
    """Return the first pair after this place, going round, that shows another photo.

    Raises:
        RaihaError: "one-photo".
    """
    for step in range(1, len(pairs)):
        other = pairs[(place + step) % len(pairs)]
        if other.real != pairs[place].real:
            return other
    raise RaihaError(
        "one-photo",
        "All pairs show the same photo, so there is no other one to take a fringe from.",
        "Add pairs of another photo, or make twins without a fringe.",
    )


def write_twins(pairs: Sequence[Pair], out: Path, *, fringe: bool = False) -> list[str]:
    """Write the twins of the pairs, and return the names of those that are too small to have one."""
    too_small = []
    for place, pair in enumerate(pairs):
        other = read_pair(_other_photo(pairs, place)) if fringe else None
        twin = make_twin(read_pair(pair), other)
        if twin is None:
            too_small.append(pair.name)
        else:
            twin.write(out / Path(pair.name).parent, f"{pair.composite.stem}x")
    return too_small


def main() -> None:
    """Write twins from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fringe", action="store_true", help="bring 2 px of another photo's background along")
    arguments = parser.parse_args()
    pairs = find_pairs(arguments.pairs)
    too_small = write_twins(pairs, arguments.out, fringe=arguments.fringe)
    print(f"{len(pairs) - len(too_small)} twins written to {arguments.out}")
    if too_small:
        print(f"Left out, too small: {', '.join(too_small)}")


if __name__ == "__main__":
    main()
