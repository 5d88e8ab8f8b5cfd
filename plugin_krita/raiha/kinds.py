"""Types that several files share, written so that Python 3.8, which Krita 5.1's AppImage brings, reads them."""

from typing import Any, Generator, Tuple  # noqa: UP035

Rect = Tuple[int, int, int, int]  # noqa: UP006
"""x, y, width, height in pixels of the document; x and y may be negative."""

Stage = Tuple[str, float]  # noqa: UP006
"""What is being done, a key of ``raiha_texts.STAGES``, and the fraction of the whole that is done."""

Steps = Generator[Any, None, Any]
"""Work in short steps: yields a ``Stage`` or None after each, returns what it made."""
