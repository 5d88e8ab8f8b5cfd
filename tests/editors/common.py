"""What the tests of every editor share: a daemon process, documents to open, and pixels to compare."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "samples"
IMAGES = REPOSITORY / "docs" / "images"
PICTURE = SAMPLES / "photos" / "coco_000000397133.jpg"
OBJECT = SAMPLES / "photos" / "coco_000000000529.jpg"
OBJECT_MASK = SAMPLES / "masks" / "coco_000000000529_0.png"
RAIHA = (sys.executable, "-m", "raiha.backend.commands.main")
HELD = (sys.executable, str(REPOSITORY / "tests" / "serve_inverting.py"), "hold")
"""A real daemon whose jobs never end by themselves: for tests that cancel or kill."""


class Daemon(NamedTuple):
    """A daemon process and the environment in which it is found."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]


def environment(runtime: Path, data: Path) -> dict[str, str]:
    """Return the environment of a daemon of our own, away from the user's."""
    own = {"RAIHA_RUNTIME_DIR": str(runtime), "RAIHA_DATA_DIR": str(data)}
    return {**os.environ, **own, "PYTHONPATH": str(REPOSITORY / "tests")}


@contextmanager
def running_daemon(runtime: Path, data: Path, command: Sequence[str] = (*RAIHA, "serve")) -> Iterator[Daemon]:
    """Run a daemon until the end of the block; it is ready when this begins."""
    own = environment(runtime, data)
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = subprocess.Popen(command, env=own, cwd=REPOSITORY, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(f"the daemon ended at once: {process.wait()}")
        yield Daemon(process, own)
    finally:
        process.terminate()
        process.wait()


def raiha(own: dict[str, str], *arguments: str | Path) -> dict[str, Any]:
    """Run a ``raiha`` command and return its JSON object."""
    command = [*RAIHA, *map(str, arguments), "--json"]
    done = subprocess.run(command, env=own, cwd=REPOSITORY, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout.decode()} {done.stderr.decode()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


class Layer(NamedTuple):
    """A layer of a document: its name, where it lies, and its straight RGBA uint8 pixels."""

    name: str
    x: int
    y: int
    pixels: NDArray[np.uint8]


def picture_layer(size: tuple[int, int] | None = None) -> Layer:
    """Return the picture that an object is pasted into, at its own size or at another."""
    photo = Image.open(PICTURE).convert("RGBA")
    return Layer("picture", 0, 0, np.asarray(photo.resize(size) if size else photo))


def object_layer(x: int, y: int, longer_side: int) -> Layer:
    """Return an object cut out of another photo, with soft edges."""
    mask = Image.open(OBJECT_MASK).convert("L")
    photo = Image.open(OBJECT).convert("RGB")
    photo.putalpha(mask)
    cut = photo.crop(mask.getbbox())
    scale = longer_side / max(cut.size)
    cut = cut.resize((round(cut.width * scale), round(cut.height * scale)), Image.Resampling.LANCZOS)
    return Layer("object", x, y, np.asarray(cut))


def write_ora(path: Path, layers: Sequence[Layer], selected: str, size: tuple[int, int]) -> Path:
    """Write an OpenRaster document, layers bottom first; it opens with the selected layer active."""
    stack = []
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster", zipfile.ZIP_STORED)
        for number, layer in enumerate(layers):
            archive.writestr(f"data/{number}.png", png(layer.pixels))
            chosen = ' selected="true"' if layer.name == selected else ""
            stack.append(
                f'<layer name="{layer.name}" src="data/{number}.png" x="{layer.x}" y="{layer.y}" '
                f'opacity="1.0" visibility="visible" composite-op="svg:src-over"{chosen}/>'
            )
        width, height = size
        archive.writestr(
            "stack.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><image version="0.0.3" w="{width}" h="{height}" '
            f'xres="72" yres="72"><stack>{"".join(reversed(stack))}</stack></image>',
        )
        empty = png(np.zeros((height, width, 4), np.uint8))
        archive.writestr("mergedimage.png", empty)
        archive.writestr("Thumbnails/thumbnail.png", empty)
    return path


def png(pixels: NDArray[Any]) -> bytes:
    """Return a PNG file of (H, W, 3 or 4) uint8 or uint16 pixels, without any profile."""
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize * 8
    rows = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"))).reshape(height, -1).view(np.uint8)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    head = struct.pack(">IIBBBBB", width, height, depth, {3: 2, 4: 6}[channels], 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(filtered.tobytes(), 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
