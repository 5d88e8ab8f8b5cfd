"""Waiting for Krita without blocking its window."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from krita import Document


def settled(document: Document) -> Generator[None, None, None]:
    """Yield until Krita has finished all computations for the document."""
    yield
    while not document.tryBarrierLock():
        yield
    document.unlock()
