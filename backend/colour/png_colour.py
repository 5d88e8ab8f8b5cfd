"""The colour space of a PNG without an ICC profile: its cICP, sRGB, gAMA and cHRM chunks (PNG 3rd edition, 13.13)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from raiha.backend.colour.icc_profile import damaged
from raiha.backend.colour.matrix_profile import (
    D65,
    SRGB_CHROMATICITIES,
    Chromaticities,
    matrix_profile,
    parametric_curve,
    primaries_to_d50,
)
from raiha.gallery_tools.errors import RaihaError

_SRGB_CURVE = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_REC709_CURVE = parametric_curve(3, 1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
_LINEAR_CURVE = parametric_curve(0, 1.0)

_ILLUMINANT_C = (0.310, 0.316)
_CICP_PRIMARIES: dict[int, Chromaticities] = {
    1: SRGB_CHROMATICITIES,
    4: (_ILLUMINANT_C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: (D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: (D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: (D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: (_ILLUMINANT_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: (D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: (D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""ITU-T H.273, table 2."""

_CICP_CURVES = {
    1: _REC709_CURVE,
    4: parametric_curve(0, 2.2),
    5: parametric_curve(0, 2.8),
    6: _REC709_CURVE,
    8: _LINEAR_CURVE,
    13: _SRGB_CURVE,
    14: _REC709_CURVE,
    15: _REC709_CURVE,
}
"""ITU-T H.273, table 3: the curves of pictures whose white is the screen's; not those of high dynamic range."""

_GAMMA_OF_SRGB = 45455
"""Written with sRGB pictures, whose curve it approximates (PNG 3rd edition, 11.3.2.2)."""


def profile_of_chunks(chunks: Mapping[bytes, bytes], embedded: bytes | None) -> bytes | None:
    """Return the ICC profile of a PNG's pixels; None is sRGB.

    Args:
        chunks: the bodies of its chunks by their types.
        embedded: the profile of its iCCP chunk, which only cICP overrides.

    Raises:
        RaihaError: ``unknown-colours`` for high dynamic range and codes that are not supported, ``bad-profile`` for
            values that no colour space has.
    """
    if b"cICP" in chunks:
        return _coded(chunks[b"cICP"])
    if embedded is not None or b"sRGB" in chunks:
        return embedded
    return _measured(chunks.get(b"gAMA"), chunks.get(b"cHRM"))


def _coded(cicp: bytes) -> bytes | None:
    if len(cicp) != 4:
        raise damaged()
    primaries, transfer, matrix, full_range = cicp
    if (primaries, transfer, matrix, full_range) == (1, 13, 0, 1):
        return None
    if primaries not in _CICP_PRIMARIES or transfer not in _CICP_CURVES or matrix != 0 or full_range != 1:
        kind = {16: "PQ, for high dynamic range", 18: "HLG, for high dynamic range"}.get(transfer, "not supported")
        raise RaihaError(
            "unknown-colours",
            f"The picture's colours are coded as {primaries}/{transfer}/{matrix}/{full_range} (cICP), which is {kind}.",
            "Convert it to sRGB or another space with an ICC profile in an editor, and try again.",
        )
    return matrix_profile(primaries_to_d50(_CICP_PRIMARIES[primaries]), _CICP_CURVES[transfer])


def _measured(gamma: bytes | None, chromaticities: bytes | None) -> bytes | None:
    try:
        exponent = struct.unpack(">I", gamma)[0] if gamma is not None else _GAMMA_OF_SRGB
        measured = _chromaticities(chromaticities)
        is_srgb_curve = exponent == 0 or abs(exponent - _GAMMA_OF_SRGB) <= 50  # 0 means nothing
        if is_srgb_curve and measured is None:
            return None
        if not is_srgb_curve and not 10_000 <= exponent <= 1_000_000:
            raise damaged()
        curve = _SRGB_CURVE if is_srgb_curve else parametric_curve(0, 100_000 / exponent)
        return matrix_profile(primaries_to_d50(measured or SRGB_CHROMATICITIES), curve)
    except (struct.error, ValueError) as error:
        raise damaged() from error


def _chromaticities(chunk: bytes | None) -> Chromaticities | None:
    """Return the chunk's chromaticities; None for those of sRGB."""
    if chunk is None:
        return None
    values = [value / 100_000 for value in struct.unpack(">8I", chunk)]
    white, red, green, blue = zip(values[::2], values[1::2], strict=True)
    found = (white, red, green, blue)
    return None if np.allclose(found, SRGB_CHROMATICITIES, rtol=0, atol=1e-3) else found
