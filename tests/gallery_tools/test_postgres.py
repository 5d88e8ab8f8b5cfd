"""A gallery in PostgreSQL does what one in SQLite does, for several indexers at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from postgres_server import programs, running_server
from test_search import described
from test_store import code_of, new_photo
from tiny_extractor import SAMPLES, TINY, CountingExtractor

from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.photos import load_photo
from raiha.gallery_tools.postgres_database import without_password
from raiha.gallery_tools.search import Filters, search
from raiha.gallery_tools.store import Gallery, remove_gallery
from raiha.gallery_tools.verify import verify

needs_server = pytest.mark.skipif(programs() is None, reason="PostgreSQL's server is not installed")


@pytest.fixture(scope="module")
def server():
    with running_server() as address:
        yield address


@pytest.fixture
def address(server):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server


def test_passwords_are_not_shown():
    assert without_password("postgresql://me:secret@host/photos") == "postgresql://me@host/photos"
    assert without_password("postgresql://me@host/photos") == "postgresql://me@host/photos"


def test_a_server_that_does_not_answer_is_told(tmp_path):
    pytest.importorskip("psycopg")
    assert code_of(lambda: Gallery(f"postgresql://me:secret@/photos?host={tmp_path}")) == "gallery-unavailable"


@pytest.mark.slow
@needs_server
def test_same_references_as_in_sqlite(address, gallery, album):
    folder = album(24)
    with Gallery.create(address, TINY) as shared:
        reports = [index(one, CountingExtractor(), [folder]) for one in (gallery, shared)]
        assert [report.added for report in reports] == [24, 24]
        assert index(shared, CountingExtractor(), [folder]).unchanged == 24
        for number in range(12):
            content, appearance = described(CountingExtractor(), load_photo(SAMPLES[number], 448))
            mask_grid = np.zeros(content.shape[:2], np.float32)
            mask_grid[2:4, 2:4] = 1
            filters = Filters(excluded=[folder / SAMPLES[number].name], within=[folder])
            found = [
                [(one.path, one.score) for one in search(one, TINY, content, appearance, mask_grid, 5, filters)]
                for one in (gallery, shared)
            ]
            assert found[0] == found[1]
        (folder / SAMPLES[0].name).rename(folder / "renamed.jpg")
        assert index(shared, CountingExtractor(), [folder]).moved == 1
        shared.remove([folder / "renamed.jpg"])
        assert shared.status().photos == len(shared.photos()) == 23
        assert shared.damaged_photos() == []
    assert verify(address).problems == []
    remove_gallery(address)
    assert code_of(lambda: Gallery(address)) == "gallery-missing"


@pytest.mark.slow
@needs_server
def test_two_indexers_share_the_work(address, album):
    folder = album(30)
    extractors = [CountingExtractor(), CountingExtractor()]
    start = threading.Barrier(2)

    def run(extractor):
        with Gallery.create(address, TINY) as shared:
            start.wait()
            index(shared, extractor, [folder], workers=1)

    threads = [threading.Thread(target=run, args=(extractor,)) for extractor in extractors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Gallery(address) as shared:
        assert shared.status().photos == 30
        assert index(shared, CountingExtractor(), [folder]).unchanged == 30
    assert sum(extractor.photos for extractor in extractors) == 30
    assert all(extractor.photos for extractor in extractors)


@pytest.mark.slow
@needs_server
def test_a_write_that_fails_changes_nothing(address):
    assert code_of(lambda: Gallery(address)) == "gallery-missing"
    with Gallery.create(address, TINY) as shared:
        shared.add([new_photo("/a.jpg", 1)])
        bad = new_photo("/b.jpg", 2)
        object.__setattr__(bad.file, "digest", None)
        assert code_of(lambda: shared.add([new_photo("/c.jpg", 3), bad])) == "gallery-unavailable"
        assert [photo.file.path for photo in shared.photos()] == [Path("/a.jpg")]
