"""Which pixels travel in which encoding."""

from __future__ import annotations

import pytest
from transfer import Transfer, transfer_of


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("R'G'B'A u8", Transfer("R'G'B'A u8", "uint8", "RGBA", False)),
        ("R~G~B~ u16", Transfer("R~G~B~ u16", "uint16", "RGB", False)),
        ("RGBA half", Transfer("RGBA half", "float16", "RGBA", True)),
        ("RGB float", Transfer("RGB float", "float32", "RGB", True)),
        ("R'G'B'A u32", Transfer("R'G'B'A float", "float32", "RGBA", False)),
        ("RGBA double", Transfer("RGBA float", "float32", "RGBA", True)),
        ("Y'A u8", Transfer("Y'A u8", "uint8", "GRAYA", False)),
        ("Y float", Transfer("Y float", "float32", "GRAY", True)),
    ],
)
def test_pixels_travel_as_they_are_where_the_daemon_knows_the_numbers(encoding: str, expected: Transfer) -> None:
    assert transfer_of(encoding) == expected


@pytest.mark.parametrize("encoding", ["CMYK u8", "R'G'B'A u15", "", "R'G'B'A"])
def test_unknown_pixels_are_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="no such pixels"):
        transfer_of(encoding)
