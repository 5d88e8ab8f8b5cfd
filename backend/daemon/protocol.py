"""Protocol version 2 as the daemon sees it: multipart messages to requests, results to multipart messages.

A message is ``[MAGIC, nonce (16), digest (32), header (JSON), frame, frame, ...]``. Its digest is checked in
``raiha.backend.daemon.authentication``; nothing here trusts what a header says. The client's half is
``backend/client/raiha_client.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from raiha.backend.client.raiha_client import MAGIC as MAGIC
from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.client.raiha_client import PROTOCOL as PROTOCOL
from raiha.backend.colour.gray import rgb_profile_of
from raiha.backend.colour.pixels import Pixels
from raiha.backend.daemon.channel_order import CHANNELS, Order, to_order, to_rgb
from raiha.backend.finishing.finish import Finishing
from raiha.backend.pipeline.adjustment import LIMITS, Adjustment
from raiha.backend.pipeline.request import (
    MOST_STRENGTH,
    HarmonizeRequest,
    HarmonizeResult,
    Only,
    PreviewResult,
    UsedReference,
    require_mask_size,
)
from raiha.gallery_tools.errors import RaihaError

DTYPES = {name: np.dtype(name) for name in ("uint8", "uint16", "float16", "float32")}
MAX_HEADER_BYTES = 1 << 20
MAX_FRAMES = 8
MAX_SIDE = 1 << 20
MAX_OFFSET = 1 << 31
MAX_PATHS = 4096
MAX_PREVIEW_SIDE = 4096

Header = dict[str, Any]
Buffer = memoryview
"""One pixel frame: bytes, readable, C-contiguous."""


class BadMessage(RaihaError):  # noqa: N818  (named for what came, as UnreadablePhoto is)
    """A message that breaks the protocol, which is a bug of the sender and not a mistake of the user."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "bad-message",
            f"The Raiha daemon was sent a message that it cannot read: {why}.",
            "Install plug-in and daemon of the same Raiha version; if the problem persists, report it.",
        )


@dataclass(frozen=True)
class LayerFormat:
    """How a layer was sent, and so how it goes back."""

    order: Order
    dtype: str


@dataclass(frozen=True)
class HarmonizeMessage:
    """A harmonize message, read and checked.

    Attributes:
        request: what the pipeline is asked.
        layer_format: the order and dtype in which the result's layer is expected.
        preview_side: the longer side of the preview asked for, pixels; None: the layer itself is asked for.
    """

    request: HarmonizeRequest
    layer_format: LayerFormat
    preview_side: int | None


def parse_header(data: bytes | memoryview) -> Header:
    """Parse a header into a dictionary that has a string ``type`` and a string ``id``.

    Raises:
        BadMessage: too long, not JSON, not an object, no type, or no id.
    """
    if len(data) > MAX_HEADER_BYTES:
        raise BadMessage("its header is longer than 1 MB")
    try:
        header = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise BadMessage("its header is not JSON") from error
    if not isinstance(header, dict):
        raise BadMessage("its header is not a JSON object")
    for name in ("type", "id"):
        value = header.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 64:
            raise BadMessage(f'its header has no "{name}"')
    return header


def parse_harmonize(
    header: Header, frames: Sequence[Buffer], receive: Callable[[Pixels, Order], Pixels] = to_rgb
) -> HarmonizeMessage:
    """Turn a harmonize header and its pixel frames into a request for the pipeline.

    Args:
        header: of the message.
        frames: of the message; they are not changed.
        receive: returns pixels of any order in RGB(A), where the pipeline can reach them.

    Raises:
        BadMessage: a field is missing, of a wrong type or out of range, or a frame has not the length that its
            descriptor says.
    """
    unused = list(range(len(frames)))
    layer, layer_format = _pixels(header, "layer", frames, unused)
    background, background_format = _pixels(header, "background", frames, unused)
    if background_format.dtype != layer_format.dtype:
        raise BadMessage("layer and background differ in dtype")
    mask = None
    if header.get("mask") is not None:
        mask = _mask(header, frames, unused, layer.shape)
    profile = _profile(header, frames, unused)
    if unused:
        raise BadMessage(f"frame {unused[0]} is described nowhere")
    request = HarmonizeRequest(
        layer=receive(layer, layer_format.order),
        background=receive(background, background_format.order),
        mask=mask,
        offset=_offset(header),
        profile=None if profile is None else rgb_profile_of(profile),
        strength=_number(header, "strength", 0.0, MOST_STRENGTH, default=1.0),
        adjust=_adjust(header),
        adjustment=_adjustment(header),
        only=_only(header),
        gallery=_optional_string(header, "gallery"),
        references=_paths(header, "references"),
        excluded=_paths(header, "excluded"),
        max_references=_integer(header, "max_references", 0, MOST_REFERENCES, default=MOST_REFERENCES),
        view=_view(header, background.shape),
        finishing=_finishing(header),
    )
    preview_side = None
    if header.get("preview_side") is not None:
        preview_side = _integer(header, "preview_side", 16, MAX_PREVIEW_SIDE, default=768)
    return HarmonizeMessage(request, layer_format, preview_side)


def result_message(job: str, result: HarmonizeResult, wanted: LayerFormat) -> tuple[Header, list[Any]]:
    """Header and frames of the reply to a harmonize message; the frames are not copies where that is possible."""
    frames: list[Any] = []
    header: Header = {"type": "result", "id": job}
    header["layer"] = _add_pixels(to_order(result.layer, wanted.order), wanted.order, frames)
    header["adjustments"], header["change"] = result.adjustment.as_json(), result.change
    header["references"] = [_add_reference(reference, frames) for reference in result.references]
    header["seconds"], header["notices"] = result.seconds, list(result.notices)
    return header, frames


def preview_message(job: str, result: PreviewResult) -> tuple[Header, list[Any]]:
    """Header and frames of the reply to a harmonize message that asked for a preview; pictures are uint8."""
    frames: list[Any] = []
    pictures = {name: getattr(result, name) for name in ("before", "both", "colour", "luminance", "finished")}
    header: Header = {"type": "result", "id": job, "window": result.window}
    header["adjustments"], header["change"] = result.adjustment.as_json(), result.change
    header["preview"] = {
        "mask": _add_pixels(result.mask, "GRAY", frames),
        **{name: _add_pixels(picture, "RGB", frames) for name, picture in pictures.items() if picture is not None},
    }
    header["references"] = [_add_reference(reference, frames) for reference in result.references]
    header["notices"] = list(result.notices)
    return header, frames


def error_header(job: str | None, error: RaihaError) -> Header:
    """Return the header of an error reply."""
    return {
        "type": "error",
        "id": job,
        "code": error.code,
        "sentence": error.sentence,
        "remedy": error.remedy,
    }


def _pixels(header: Header, name: str, frames: Sequence[Buffer], unused: list[int]) -> tuple[Pixels, LayerFormat]:
    descriptor = header.get(name)
    if not isinstance(descriptor, dict):
        raise BadMessage(f'its header has no "{name}"')
    order = _order(descriptor, name)
    dtype = descriptor.get("dtype")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise BadMessage(f"{name} has an unknown dtype")
    height, width = _shape(descriptor, name, CHANNELS[order])
    length = height * width * CHANNELS[order] * DTYPES[dtype].itemsize
    data = _take_frame(descriptor, name, frames, unused, length)
    pixels = np.frombuffer(data, DTYPES[dtype]).reshape(height, width, CHANNELS[order])
    return pixels, LayerFormat(order, dtype)


def _order(descriptor: Header, name: str) -> Order:
    for order in CHANNELS:
        if descriptor.get("order") == order:
            return order
    raise BadMessage(f"{name} has an unknown order")


def _shape(descriptor: Header, name: str, channels: int) -> tuple[int, int]:
    shape = descriptor.get("shape")
    if not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise BadMessage(f"{name} has no shape")
    if len(shape) == 2 and channels == 1:
        shape = [*shape, 1]
    if len(shape) != 3 or shape[2] != channels or not all(1 <= side <= MAX_SIDE for side in shape[:2]):
        raise BadMessage(f"{name} has a shape that cannot be")
    return shape[0], shape[1]


def _take_frame(descriptor: Header, name: str, frames: Sequence[Buffer], unused: list[int], length: int) -> Buffer:
    number = descriptor.get("frame")
    if type(number) is not int or number not in unused:
        raise BadMessage(f"{name} names a frame that is not there")
    unused.remove(number)
    if frames[number].nbytes != length:
        raise BadMessage(f"{name} has {frames[number].nbytes} bytes instead of {length}")
    return frames[number]


def _mask(
    header: Header, frames: Sequence[Buffer], unused: list[int], layer_shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    descriptor = header["mask"]
    if not isinstance(descriptor, dict) or descriptor.get("order", "GRAY") != "GRAY":
        raise BadMessage("mask is not GRAY")
    if descriptor.get("dtype") != "uint8":
        raise BadMessage("mask is not uint8")
    height, width = _shape(descriptor, "mask", 1)
    require_mask_size((height, width), layer_shape)
    data = _take_frame(descriptor, "mask", frames, unused, height * width)
    return np.frombuffer(data, np.uint8).reshape(height, width)


def _profile(header: Header, frames: Sequence[Buffer], unused: list[int]) -> bytes | None:
    descriptor = header.get("profile")
    if descriptor is None:
        return None
    if not isinstance(descriptor, dict) or type(descriptor.get("bytes")) is not int:
        raise BadMessage("profile has no length")
    return bytes(_take_frame(descriptor, "profile", frames, unused, descriptor["bytes"]))


def _offset(header: Header) -> tuple[int, int]:
    offset = header.get("offset", [0, 0])
    if not isinstance(offset, list) or len(offset) != 2 or not all(type(part) is int for part in offset):
        raise BadMessage("offset is not two whole numbers")
    if not all(abs(part) < MAX_OFFSET for part in offset):
        raise BadMessage("offset is too large")
    return offset[0], offset[1]


def _view(header: Header, background: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    view = header.get("view")
    if view is None:
        return None
    if not isinstance(view, list) or len(view) != 4 or not all(type(part) is int for part in view):
        raise BadMessage("view is not four whole numbers")
    x, y, width, height = view
    if not (0 <= x < x + width <= background[1] and 0 <= y < y + height <= background[0]):
        raise BadMessage("view is not a part of the background")
    return x, y, width, height


def _number(header: Header, name: str, low: float, high: float, default: float) -> float:
    value = header.get(name, default)
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise BadMessage(f"{name} is not a number from {low:g} to {high:g}")
    return float(value)


def _integer(header: Header, name: str, low: int, high: int, default: int) -> int:
    value = header.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise BadMessage(f"{name} is not a whole number from {low} to {high}")
    return value


def _adjust(header: Header) -> dict[str, float]:
    values = header.get("adjust") or {}
    if not isinstance(values, dict) or not values.keys() <= LIMITS.keys():
        raise BadMessage(f"adjust is not numbers by the names {', '.join(LIMITS)}")
    return {name: _number(values, name, *LIMITS[name], default=0.0) for name in values}


def _adjustment(header: Header) -> Adjustment | None:
    entries = header.get("adjustment")
    if entries is None:
        return None
    if not isinstance(entries, dict):
        raise BadMessage("adjustment is not an object")
    try:
        return Adjustment.of_json(entries)
    except ValueError as error:
        raise BadMessage(f"adjustment cannot be read: {error}") from error


def _only(header: Header) -> Only | None:
    value = header.get("only")
    if value is not None and value not in get_args(Only):
        raise BadMessage('only is neither "colour" nor "luminance"')
    return value


def _finishing(header: Header) -> Finishing:
    chosen = header.get("finishing") or {}
    names = {field.name for field in fields(Finishing)}
    if (
        not isinstance(chosen, dict)
        or not chosen.keys() <= names
        or not all(type(on) is bool for on in chosen.values())
    ):
        raise BadMessage(f"finishing is not true or false by the names {', '.join(sorted(names))}")
    return Finishing(**chosen)


def _optional_string(header: Header, name: str) -> str | None:
    value = header.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= 255):
        raise BadMessage(f"{name} is not a name")
    return value


def _paths(header: Header, name: str) -> tuple[Path, ...]:
    values = header.get(name, [])
    if not isinstance(values, list) or len(values) > MAX_PATHS:
        raise BadMessage(f"{name} is not a list of paths")
    for value in values:
        if not isinstance(value, str) or not 0 < len(value) <= 4096 or "\0" in value:
            raise BadMessage(f"{name} has an entry that is not a path")
    return tuple(Path(value) for value in values)


def _add_pixels(pixels: Pixels, order: Order, frames: list[Any]) -> Header:
    frames.append(np.ascontiguousarray(pixels))
    return {
        "frame": len(frames) - 1,
        "shape": [*pixels.shape[:2], CHANNELS[order]],
        "dtype": pixels.dtype.name,
        "order": order,
    }


def _add_reference(reference: UsedReference, frames: list[Any]) -> Header:
    frames.append(reference.thumbnail)
    return {
        "path": str(reference.path),
        "score": reference.score,
        "content": reference.content,
        "appearance": reference.appearance,
        "thumbnail": {"frame": len(frames) - 1, "bytes": len(reference.thumbnail)},
    }
