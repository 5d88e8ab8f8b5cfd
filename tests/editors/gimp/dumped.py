"""What GIMP dumped, as arrays, and the same request asked without GIMP: by `raiha harmonize` and by the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import Daemon, raiha
from gimp_program import Gimp
from numpy.typing import NDArray

from raiha.backend.client.raiha_client import Client, Frame
from raiha.backend.image_file import ImageFile, read_image, write_image

Pixels = NDArray[Any]
DTYPES = {"u8": "u1", "u16": "u2", "u32": "u4", "half": "f2", "float": "f4", "double": "f8"}
SENT = {"u4": "f4", "f8": "f4"}


class Request(NamedTuple):
    """What the daemon has to be asked for a layer, as GIMP itself dumped it."""

    layer: Pixels
    background: Pixels
    mask: NDArray[np.uint8] | None
    profile: bytes | None
    offset: tuple[int, int]


def pixels(folder: Path, described: dict[str, Any]) -> Pixels:
    """Return dumped pixels as (height, width, channels)."""
    width, height = described["size"]
    numbers = described["encoding"].split()[1]
    return np.fromfile(folder / described["file"], DTYPES[numbers]).reshape(height, width, -1)


def request_of(gimp: Gimp, folder: Path, layer: str = "object", *, selected: bool = False) -> Request:
    """Return what the daemon has to be asked for a layer of the open document."""
    described = gimp.do("dump_with_mask_applied", name=layer, file="layer.raw")
    behind = gimp.do("dump_picture_without", name=layer, file="background.raw")
    gimp.do("dump_profile", file="profile.icc")
    mask = None
    if selected:
        gimp.do("dump_selection_over", name=layer, file="mask.raw")
        width, height = described["size"]
        mask = np.fromfile(folder / "mask.raw", np.uint8).reshape(height, width)
    x, y = described["offsets"]
    return Request(
        _as_sent(pixels(folder, described)),
        _as_sent(pixels(folder, behind)),
        mask,
        (folder / "profile.icc").read_bytes(),
        (x, y),
    )


def _as_sent(values: Pixels) -> Pixels:
    if values.dtype == np.uint32:
        return (values / np.float64(2**32 - 1)).astype(np.float32)
    return values.astype(SENT.get(values.dtype.str[1:], values.dtype))


def by_command(request: Request, daemon: Daemon, folder: Path, *options: str) -> Pixels:
    """Return what ``raiha harmonize`` makes of the layer."""
    layer, background, out = (folder / f"{name}.tif" for name in ("layer", "background", "out"))
    write_image(layer, ImageFile(request.layer, request.profile))
    write_image(background, ImageFile(request.background, request.profile))
    x, y = request.offset
    offset = f"--offset={x},{y}"
    raiha(daemon.environment, "harmonize", layer, "--background", background, offset, "-o", out, *options)
    return read_image(out).pixels


def by_client(request: Request, runtime: Path, order: str = "RGBA", **options: Any) -> Pixels:
    """Return what the daemon makes of the layer, asked by a program of our own."""
    mask = request.mask
    with Client.connect(runtime, name="test") as client:
        job = client.harmonize(
            layer=_frame(request.layer, order),
            background=_frame(request.background, order),
            mask=None if mask is None else Frame(mask, mask.shape[1], mask.shape[0], "GRAY", "uint8"),
            profile=request.profile,
            offset=request.offset,
            **options,
        )
        result = job.wait()
    assert result is not None
    assert result.layer is not None
    return np.frombuffer(result.layer.data, request.layer.dtype).reshape(request.layer.shape)


def _frame(values: Pixels, order: str) -> Frame:
    height, width = values.shape[:2]
    return Frame(np.ascontiguousarray(values), width, height, order, values.dtype.name)
