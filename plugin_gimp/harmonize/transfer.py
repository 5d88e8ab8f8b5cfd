"""How a layer's pixels travel to the daemon: babl's names of pixel encodings in the protocol's terms, without GIMP."""

from __future__ import annotations

from typing import NamedTuple

_DTYPES = {
    "u8": ("u8", "uint8"),
    "u16": ("u16", "uint16"),
    "half": ("half", "float16"),
    "float": ("float", "float32"),
    # The protocol has no samples wider than 32-bit float.
    "u32": ("float", "float32"),
    "double": ("float", "float32"),
}


class Transfer(NamedTuple):
    """The encoding in which a layer's pixels travel.

    Attributes:
        encoding: its name in babl, without the colour space, e.g. ``"R'G'B'A u8"``.
        dtype: the protocol's name of the sample type, e.g. ``"uint8"``.
        order: the protocol's name of the channel order: ``"RGBA"``, ``"RGB"``, ``"GRAYA"`` or ``"GRAY"``.
        linear: whether the samples are proportional to light.
    """

    encoding: str
    dtype: str
    order: str
    linear: bool


def transfer_of(encoding: str) -> Transfer:
    """Return how pixels of a babl encoding travel: unchanged wherever the protocol has their sample type."""
    model, _, sample_type = encoding.partition(" ")
    if model[:1] not in ("R", "Y") or sample_type not in _DTYPES:
        raise ValueError(f"no such pixels: {encoding}")
    sent, dtype = _DTYPES[sample_type]
    order = ("RGB" if model.startswith("R") else "GRAY") + ("A" if model.endswith("A") else "")
    return Transfer(f"{model} {sent}", dtype, order, linear="'" not in model and "~" not in model)
