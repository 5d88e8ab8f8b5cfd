"""Waiting for Krita without holding up its window."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any


def settled(document: Any) -> Generator[None, None, None]:
    """Yield until Krita has nothing left to compute for the document."""
    yield
    while not document.tryBarrierLock():
        yield
    document.unlock()
