"""The demo: a cat from a bathroom looks up before a monument under clouds, and is harmonized.

Everything is the real thing: sample photos are indexed into a gallery of their own, a daemon of its own is started, and
layer, mask and background go to it over ZeroMQ as from an editor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raiha.backend.client.raiha_client import Client, ensure_daemon
from raiha.backend.daemon.link import harmonize_by_daemon
from raiha.backend.pipeline.request import HarmonizeRequest, HarmonizeResult
from raiha.gallery_tools.errors import RaihaError

GALLERY = "samples"
_OBJECT = "coco_000000358083"
_OBJECT_MASK = "cat"
_REFERENCE = "coco_000000196393"  # another cat, which the user chose
_BACKGROUND = "snap_panasonic_dmc_lx3_lumix"
_HEIGHT_SHARE = 0.62  # of the background's height, that the object takes
_PLACE = (0.6, 0.37)  # of the layer's top left corner in the background, as shares of width and height


@dataclass(frozen=True)
class Scene:
    """A layer, its background, and its place there.

    Attributes:
        layer: (h, w, 4) uint8 RGBA.
        mask: (h, w) uint8.
        background: (H, W, 3) uint8.
        offset: (x, y) of the layer in the background.
        sources: the photos that the scene was made of, which must not be references for it.
        chosen: photos that are references whatever the gallery holds.
    """

    layer: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    background: NDArray[np.uint8]
    offset: tuple[int, int]
    sources: tuple[Path, ...]
    chosen: tuple[Path, ...]


def make_scene(samples: Path) -> Scene:
    """Cut the object out of its photo and place it over the background.

    Raises:
        RaihaError: "no-samples".
    """
    names = _OBJECT, _BACKGROUND, _REFERENCE
    photo, background, reference = (samples / "photos" / f"{name}.jpg" for name in names)
    object_mask = samples / "masks" / f"{_OBJECT}_{_OBJECT_MASK}.png"
    if missing := [file for file in (photo, background, reference, object_mask) if not file.is_file()]:
        raise RaihaError(
            "no-samples",
            f"The sample {missing[0]} is not there.",
            "Install Raiha again, or name a samples folder with --samples.",
        )
    with Image.open(background) as image:
        behind = np.asarray(image.convert("RGB"))
    with Image.open(photo) as image:
        pixels = image.convert("RGB")
    with Image.open(object_mask) as image:
        alpha = np.asarray(image.convert("L").resize(pixels.size))
    rows, columns = np.flatnonzero(alpha.max(1)), np.flatnonzero(alpha.max(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    scale = _HEIGHT_SHARE * behind.shape[0] / (box[3] - box[1])
    size = round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale)
    colours = np.asarray(pixels.crop(box).resize(size, Image.Resampling.LANCZOS))
    mask = np.asarray(Image.fromarray(alpha).crop(box).resize(size, Image.Resampling.BILINEAR))
    offset = round(_PLACE[0] * behind.shape[1]), round(_PLACE[1] * behind.shape[0])
    return Scene(np.dstack([colours, mask]), mask, behind, offset, (photo, background), (reference,))


def index_samples(samples: Path) -> None:
    """Index the sample photos into a gallery of their own."""
    # torch takes seconds to import: only what needs it waits for it.
    from raiha.gallery_tools.extractors.extractor import load_extractor
    from raiha.gallery_tools.indexer import index
    from raiha.gallery_tools.store import Gallery

    extractor = load_extractor()
    with Gallery.create(GALLERY, extractor.info) as gallery:
        index(gallery, extractor, [samples / "photos"])


@contextmanager
def private_folders(folder: Path) -> Iterator[None]:
    """Keep the demo's gallery, daemon and log apart from the user's."""
    saved = {name: os.environ.get(name) for name in ("RAIHA_DATA_DIR", "RAIHA_RUNTIME_DIR")}
    os.environ.update(RAIHA_DATA_DIR=str(folder / "data"), RAIHA_RUNTIME_DIR=str(folder / "run"))
    try:
        yield
    finally:
        for name, value in saved.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def own_daemon() -> Iterator[None]:
    """Run a daemon that ends with the demo."""
    ensure_daemon([sys.executable, "-m", "raiha.backend.commands.main", "serve"]).close()
    try:
        yield
    finally:
        with Client.connect() as client:
            client.stop_daemon()


def harmonize_scene(scene: Scene, progress: Callable[[str, float], None]) -> HarmonizeResult:
    """Return what the daemon makes of the scene."""
    request = HarmonizeRequest(
        layer=scene.layer,
        background=scene.background,
        mask=scene.mask,
        offset=scene.offset,
        gallery=GALLERY,
        references=scene.chosen,
        excluded=scene.sources,
    )
    return harmonize_by_daemon(request, progress)


def flatten(background: NDArray[np.uint8], layer: NDArray[np.uint8], offset: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the picture with the layer (h, w, 4) over it, blended in encoded values as Krita does by default."""
    picture = Image.fromarray(background).convert("RGBA")
    picture.alpha_composite(Image.fromarray(layer), offset)
    return np.asarray(picture.convert("RGB"))
