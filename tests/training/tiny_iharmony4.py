"""A tiny iHarmony4: the four subsets' folders, a few pairs in each, and DoveNet's lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = {
    "HAdobe5k": ["a0001_1_1", "a0001_1_2", "a0002_1_1"],
    "HFlickr": ["f12_1_1", "f13_1_1"],
    "HCOCO": ["c100_2000_1", "c100_2001_1"],
    "Hday2night": ["d90-20120114-145839_1_4", "d90-20120114-150839_1_4"],
}
SIZE = (48, 64)
"""Height and width of every picture."""


def build_iharmony4(root: Path) -> None:
    """Write pictures and no lists. A composite is a quarter darker than its real picture in the mask."""
    numbers = np.random.default_rng(0)
    for subset, names in NAMES.items():
        for folder in ("composite_images", "masks", "real_images"):
            (root / subset / folder).mkdir(parents=True)
        for place, name in enumerate(names):
            photo, mask_name = name.rsplit("_", 2)[0], name.rsplit("_", 1)[0]
            real_file = root / subset / "real_images" / f"{photo}.png"
            if not real_file.exists():
                blocks = numbers.integers(60, 220, (6, 8, 3), dtype=np.uint8)
                Image.fromarray(blocks).resize(SIZE[::-1], Image.Resampling.BICUBIC).save(real_file)
            with Image.open(real_file) as image:
                real = np.asarray(image)
            mask = np.zeros(SIZE, np.uint8)
            mask[10 : 22 + 10 * place, 16:40] = 255  # ratios on both sides of 15 %
            composite = np.where(mask[..., None] > 0, real * 0.75, real).astype(np.uint8)
            mask_file = root / subset / "masks" / f"{mask_name}.png"
            if mask_file.exists():
                with Image.open(mask_file) as image:
                    composite = np.where(np.asarray(image)[..., None] > 0, real * 0.5, real).astype(np.uint8)
            else:
                Image.fromarray(mask).save(mask_file)
            Image.fromarray(composite).save(root / subset / "composite_images" / f"{name}.png")


def write_root_lists(root: Path, *, whole_paths: bool = True) -> None:
    """Write one list per split; the last pair of each subset is for testing."""
    for split, part in (("train", slice(0, -1)), ("test", slice(-1, None))):
        lines = []
        for subset, names in NAMES.items():
            before = f"{subset}/composite_images/" if whole_paths else ""
            lines += [f"{before}{name}.png" for name in names[part]]
        (root / f"IHD_{split}.txt").write_text("\n".join(lines) + "\n\n")


def write_subset_lists(root: Path, *, whole_paths: bool = False) -> None:
    """As ``write_root_lists``, a list for each subset."""
    for split, part in (("train", slice(0, -1)), ("test", slice(-1, None))):
        for subset, names in NAMES.items():
            before = f"{subset}/composite_images/" if whole_paths else ""
            lines = [f"{before}{name}.png" for name in names[part]]
            (root / subset / f"{subset}_{split}.txt").write_text("\n".join(lines))
