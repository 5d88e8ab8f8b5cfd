"""Write val twins, by which checkpoints and numbers are chosen: pasted objects of the val split and their answers.

``python -m raiha.training.evaluation.val_twins PACK OUT --films FILMS --count 200`` writes half of them to
OUT/recoloured, objects recoloured as raiha.training.evaluation.val_pairs does, and half to OUT/graded:

* the whole photo gets a mood (raiha.training.evaluation.val_grades) and is the answer; the object is pasted into it as
  the good photo had it, mildly retouched;
* of photos that have a mood of their own, the object alone is retouched as an automatic retouch would, and the photo
  as it is is the answer.

All are rim-free (raiha.training.evaluation.paste_twins), in iHarmony4's layout, and the same ones each time. A graded
twin's file name ends in its mood.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raiha.backend.evaluation import PairPixels
from raiha.training.config import load_config
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.evaluation.paste_twins import PasteTwin, make_twin
from raiha.training.evaluation.val_grades import GRADES, Grade, as_good_photo, grade, has_mood, mildly_retouched
from raiha.training.evaluation.val_pairs import (
    drawn_order,
    object_name,
    own_size,
    recoloured_pair,
    to_pixels,
    val_objects,
)
from raiha.training.samples.composites import Composer
from raiha.training.samples.recolour import Source, film_recipe, standard_recipes

_MIRROR_SHARE = 1 / 3  # of the graded twins, at most
_MIRROR = "own-mood"
_AREAS = 0.01, 0.5  # of an object, as shares of its photo
_MOST_BORDERS = 2  # of the photo, that an object may touch
NamedTwin = tuple[str, PasteTwin]


def film_grade(table_file: Path) -> Grade:
    """Return a grade that applies a random film look of a table file (see ``film_recipe``)."""
    film = film_recipe(table_file)

    def apply(photo: Tensor, numbers: np.random.Generator) -> Tensor:
        everything = torch.ones_like(photo[:, :1])
        generator = torch.Generator().manual_seed(int(numbers.integers(2**31)))
        return film(photo, everything, Source(photo, everything), generator)

    return apply


def pasteable(mask: Tensor) -> bool:
    """Return whether a mask (1, 1, H, W) is of what people paste: neither a speck nor most of the scene."""
    inside = mask[0, 0] > 0.5
    borders = inside[0], inside[-1], inside[:, 0], inside[:, -1]
    least, most = _AREAS
    return least < float(inside.float().mean()) < most and sum(bool(line.any()) for line in borders) <= _MOST_BORDERS


def one_of_each_photo(pack: PhotoPack, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first pasteable object of each photo in ``order``."""
    objects = order[[pasteable(own_size(pack, number)[1]) for number in order]]
    _, first = np.unique(pack.owners[objects], return_index=True)
    return objects[np.sort(first)]


def recoloured_twins(pack: PhotoPack, objects: NDArray[np.int64], composer: Composer) -> Iterator[NamedTwin]:
    """Yield the twins of recoloured objects, without those that are too small."""
    generator = torch.Generator().manual_seed(1)
    for place, number in enumerate(objects):
        twin = make_twin(recoloured_pair(pack, objects, place, composer, generator))
        if twin:
            yield object_name(pack, number), twin


def graded_twins(pack: PhotoPack, objects: NDArray[np.int64], moods: dict[str, Grade]) -> Iterator[NamedTwin]:
    """Yield the twins of pasted objects in scenes with each of the moods in turn, without those that are too small."""
    names = cycle(moods)
    for number in objects:
        photo, mask = own_size(pack, number)
        if not has_mood(photo):
            mood = next(names)
            twin = graded_twin(photo, mask, moods[mood], np.random.default_rng(number))
            if twin:
                yield f"{object_name(pack, number)}-{mood}", twin


def mirrored_twins(pack: PhotoPack, objects: NDArray[np.int64]) -> Iterator[NamedTwin]:
    """Yield the twins of retouched objects in photos that have a mood, without those that are too small."""
    for number in objects:
        photo, mask = own_size(pack, number)
        if has_mood(photo):
            twin = mirrored_twin(photo, mask, np.random.default_rng(number))
            if twin:
                yield f"{object_name(pack, number)}-{_MIRROR}", twin


def graded_twin(photo: Tensor, mask: Tensor, mood: Grade, numbers: np.random.Generator) -> PasteTwin | None:
    """Paste the object of a photo (1, 3, H, W), mildly retouched, into the photo in a mood, which is the answer."""
    return _pasted(mildly_retouched(photo, numbers), grade(photo, mood, numbers), mask)


def mirrored_twin(photo: Tensor, mask: Tensor, numbers: np.random.Generator) -> PasteTwin | None:
    """Paste the object of a photo (1, 3, H, W), automatically retouched, into the photo, which is the answer."""
    return _pasted(as_good_photo(photo, numbers), photo, mask)


def _pasted(objects: Tensor, real: Tensor, mask: Tensor) -> PasteTwin | None:
    """Return the twin of an object (1, 3, H, W) over its answer, or None where it is too small."""
    inside = (mask[0, 0] > 0.5).numpy()
    answer = to_pixels(real[0])
    composite = np.where(inside[..., None], to_pixels(objects[0]), answer)
    return make_twin(PairPixels(composite, answer, inside))


def write_val_twins(pack: PhotoPack, composer: Composer, moods: dict[str, Grade], out: Path, count: int) -> None:
    """Write at most ``count`` twins of as many photos, half of them recoloured and half graded."""
    objects = one_of_each_photo(pack, drawn_order(pack, torch.Generator().manual_seed(0)))
    half = count // 2
    middle = len(objects) // 2
    mirrored = islice(mirrored_twins(pack, objects[middle:]), round(half * _MIRROR_SHARE))
    mirrored_count = _write(mirrored, out / "graded")
    _write(islice(graded_twins(pack, objects[middle:], moods), half - mirrored_count), out / "graded")
    _write(islice(recoloured_twins(pack, objects[:middle], composer), count - half), out / "recoloured")


def _write(twins: Iterable[NamedTwin], folder: Path) -> int:
    """Write twins and return their number."""
    count = 0
    for name, twin in twins:
        twin.write(folder, name)
        count += 1
    return count


def main() -> None:
    """Write val twins from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=Path, help="film looks as tables")
    parser.add_argument("--config", type=Path, default=Path(__file__).parents[1] / "configs" / "5_fitted.toml")
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    # Twins are cut out of whole, clean pairs, and kept without loss.
    settings = load_config(arguments.config).composites
    settings = replace(settings, cut_out=0.0, degraded_masks=0.0, faded=0.0, jpeg=0.0)
    composer = Composer(standard_recipes(arguments.films), settings)
    moods = {**GRADES, "film": film_grade(arguments.films)} if arguments.films else GRADES
    pack = val_objects(PhotoPack.load(arguments.pack))
    write_val_twins(pack, composer, moods, arguments.out, arguments.count)


if __name__ == "__main__":
    main()
