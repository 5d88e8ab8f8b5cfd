"""Colour spaces on their way, and the arithmetic on raw pixels."""

from __future__ import annotations

import struct
import zlib

import pytest
from stepping import run


@pytest.mark.parametrize(
    ("model", "depth", "order", "dtype"),
    [
        ("RGBA", "U8", "BGRA", "uint8"),
        ("RGBA", "U16", "BGRA", "uint16"),
        ("RGBA", "F16", "RGBA", "float16"),
        ("RGBA", "F32", "RGBA", "float32"),
        ("GRAYA", "U16", "GRAYA", "uint16"),
    ],
)
def test_rgb_and_gray_travel_as_they_are(model: str, depth: str, order: str, dtype: str) -> None:
    from krita_raiha.colour_spaces import Space, sent_space

    own = Space(model, depth, "any.icc")
    assert sent_space(own) == own
    assert (own.order, own.dtype) == (order, dtype)


@pytest.mark.parametrize(("model", "depth"), [("CMYKA", "U8"), ("LABA", "U16"), ("CMYKA", "F32")])
def test_other_models_travel_as_float_srgb(model: str, depth: str) -> None:
    from krita_raiha.colour_spaces import Space, profile_bytes, sent_space

    sent = sent_space(Space(model, depth, "any.icc"))
    assert (sent.model, sent.depth) == ("RGBA", "F32")
    assert profile_bytes(sent) is None


@pytest.mark.parametrize(("model", "depth"), [("CMYKA", "F16"), ("A", "U8")])
def test_what_krita_cannot_convert_is_refused(model: str, depth: str) -> None:
    from krita_raiha.colour_spaces import Space, sent_space
    from krita_raiha.errors import LayerError

    with pytest.raises(LayerError, match=f"{model} {depth} cannot be harmonized"):
        sent_space(Space(model, depth, "any.icc"))


def test_alpha_is_taken_over_bit_for_bit_at_every_depth() -> None:
    from krita_raiha.colour_spaces import Space, with_alpha_of

    for depth, code in (("U8", "B"), ("U16", "H"), ("F32", "f")):
        space = Space("RGBA", depth, "any.icc")
        pixels, source = struct.pack(f"8{code}", *range(8)), struct.pack(f"8{code}", *range(10, 18))
        assert run(with_alpha_of(pixels, source, space)) == struct.pack(f"8{code}", 0, 1, 2, 13, 4, 5, 6, 17)


def test_pixels_outside_the_mask_are_put_back() -> None:
    from krita_raiha.colour_spaces import restored_outside

    steps = restored_outside(bytearray(b"AABBCCDD"), b"aabbccdd", bytes([0, 255, 1, 0]), 2)
    assert run(steps) == b"aaBBCCdd"


def test_large_pixels_are_worked_on_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    from krita_raiha import colour_spaces
    from krita_raiha.colour_spaces import Space

    monkeypatch.setattr(colour_spaces, "CHUNK", 3)
    space = Space("RGBA", "U16", "any.icc")
    pixels, source = bytes(range(80)), bytes(range(100, 180))
    whole = [pixels[at : at + 6] + source[at + 6 : at + 8] for at in range(0, 80, 8)]
    assert run(colour_spaces.with_alpha_of(pixels, source, space)) == b"".join(whole)
    mask = bytes([0, 0, 0, 0, 9, 9, 0, 9, 0, 0])
    restored = run(colour_spaces.restored_outside(bytearray(pixels), source, mask, 8))
    assert restored == b"".join((pixels if chosen else source)[8 * at : 8 * at + 8] for at, chosen in enumerate(mask))
    assert run(colour_spaces.is_transparent(bytes(80), space))
    assert not run(colour_spaces.is_transparent(bytes(78) + b"\1\0", space))


def test_profile_is_found_in_a_png() -> None:
    from krita_raiha.colour_spaces import _png_profile

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + bytes(4)

    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13))
    assert _png_profile(start + chunk(b"iCCP", b"name\0\0" + zlib.compress(b"profile"))) == b"profile"
    assert _png_profile(start + chunk(b"IDAT", b"")) is None
