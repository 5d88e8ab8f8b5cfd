"""Folders of real photos, a tiny extractor and an empty gallery."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_extractor import SAMPLES, TINY, CountingExtractor

from raiha.gallery_tools.store import Gallery


@pytest.fixture
def extractor() -> CountingExtractor:
    return CountingExtractor()


@pytest.fixture
def album(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder with so many of the sample photos."""

    def make(count: int, name: str = "album") -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for photo in SAMPLES[:count]:
            shutil.copyfile(photo, folder / photo.name)
        return folder

    return make


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    """Return an empty gallery for the tiny extractor."""
    with Gallery.create("test", TINY) as opened:
        yield opened
