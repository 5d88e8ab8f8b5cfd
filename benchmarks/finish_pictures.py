"""Make the pictures of docs/finishing.md from the sample photos: before and after, two pixels for each.

``python benchmarks/finish_pictures.py docs/images`` writes clean-edge.jpg, match-grain.jpg and match-sharpness.jpg.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from raiha.backend.finishing.finish import Finish, Finishing
from raiha.backend.finishing.finishing import finished
from raiha.backend.finishing.measuring import measure
from raiha.backend.pipeline.request import HarmonizeRequest

SAMPLES = Path(__file__).parent.parent / "samples"
OBJECT = "photos/coco_000000001993.jpg"
SCENE = "pd_tanners_ridge.jpg"
CROP = 200, 200  # width and height, pixels
FRINGE, EDGE = 2, 0.7  # pixels
NOISE, BLUR = 0.04, 3.0  # standard deviations: white is 1; pixels


def photo_and_mask(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a sample (H, W, 3) uint8 and its first mask (H, W) bool."""
    entries = map(json.loads, (SAMPLES / "manifest.jsonl").read_text().splitlines())
    entry = next(entry for entry in entries if entry["file"] == name)
    mask = np.asarray(Image.open(SAMPLES / entry["masks"][0]).convert("L")) > 127
    return np.asarray(Image.open(SAMPLES / entry["file"]).convert("RGB")), mask


def cut_out(photo: np.ndarray, mask: np.ndarray, fringe: int) -> np.ndarray:
    """Return the object as RGBA, with so many pixels of white around it that are not its own."""
    inner = ndimage.binary_erosion(mask, iterations=2)
    own = ndimage.gaussian_filter(inner.astype(np.float32), EDGE)[..., None]
    outline = ndimage.binary_dilation(inner, iterations=fringe) if fringe else inner
    alpha = ndimage.gaussian_filter(outline.astype(np.float32), EDGE)[..., None]
    colours = own * photo + (1 - own) * 245 if fringe else photo
    return np.rint(np.concatenate([colours, 255 * alpha], axis=2)).astype(np.uint8)


def pair(layer: np.ndarray, scene: np.ndarray, finishing: Finishing) -> Image.Image:
    """Return the composite before and after side by side, cropped around a piece of the object's edge and doubled."""
    request = HarmonizeRequest(layer, scene, finishing=finishing)
    after = finished(request, layer.copy(), measure(request, layer, Finish()).finish)
    rows, columns = np.nonzero(layer[..., 3] > 127)
    left = int(np.clip(columns.min() - CROP[0] // 4, 0, layer.shape[1] - CROP[0]))
    top = int(np.clip(rows.min() - CROP[1] // 4, 0, layer.shape[0] - CROP[1]))
    box = left, top, left + CROP[0], top + CROP[1]
    sheet = Image.new("RGB", (4 * CROP[0] + 8, 2 * CROP[1]), "white")
    for place, pixels in enumerate((layer, after)):
        alpha = pixels[..., 3:] / 255
        composite = np.rint(alpha * pixels[..., :3] + (1 - alpha) * scene).astype(np.uint8)
        crop = Image.fromarray(composite).crop(box).resize((2 * CROP[0], 2 * CROP[1]), Image.Resampling.NEAREST)
        sheet.paste(crop, (place * (2 * CROP[0] + 8), 0))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    photo, mask = photo_and_mask(OBJECT)
    size = photo.shape[1], photo.shape[0]
    scene = np.asarray(Image.open(SAMPLES / "photos" / SCENE).convert("RGB").resize(size)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 255 * NOISE, scene.shape)
    soft = ndimage.gaussian_filter(scene, (BLUR, BLUR, 0))
    cases = (
        ("clean-edge", FRINGE, scene, Finishing(clean_edge=True)),
        ("match-grain", 0, scene + noise, Finishing(match_grain=True)),
        ("match-sharpness", 0, soft, Finishing(match_sharpness=True)),
    )
    for name, fringe, behind, finishing in cases:
        picture = pair(cut_out(photo, mask, fringe), np.rint(behind.clip(0, 255)).astype(np.uint8), finishing)
        picture.save(folder / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main()
