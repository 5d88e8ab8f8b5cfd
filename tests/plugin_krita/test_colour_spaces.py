"""Which colour spaces travel unchanged, and which are converted."""

from __future__ import annotations

import struct
import zlib

import pytest


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
    from krita_raiha.client.errors import LayerError
    from krita_raiha.colour_spaces import Space, sent_space

    with pytest.raises(LayerError, match=f"{model} {depth} cannot be harmonized"):
        sent_space(Space(model, depth, "any.icc"))


def test_profile_is_found_in_a_png() -> None:
    from krita_raiha.colour_spaces import _png_profile

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + bytes(4)

    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13))
    assert _png_profile(start + chunk(b"iCCP", b"name\0\0" + zlib.compress(b"profile"))) == b"profile"
    assert _png_profile(start + chunk(b"IDAT", b"")) is None
