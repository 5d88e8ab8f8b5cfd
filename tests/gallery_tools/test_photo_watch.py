"""Watching folders: a turn at the beginning, and one for each burst of changes."""

from __future__ import annotations

import threading

import pytest

from raiha.gallery_tools import photo_watch
from raiha.gallery_tools.index_gallery import index_gallery
from raiha.gallery_tools.index_request import IndexRequest


def test_a_turn_follows_what_changes_below(tmp_path, monkeypatch):
    pytest.importorskip("watchdog")
    monkeypatch.setattr(photo_watch, "QUIET_SECONDS", 0.05)
    (tmp_path / "deeper").mkdir()
    with photo_watch.changes([tmp_path]) as turns:
        next(turns)
        writing = threading.Timer(0.1, (tmp_path / "deeper" / "a.jpg").touch)
        writing.start()
        next(turns)
        assert (tmp_path / "deeper" / "a.jpg").exists()


def test_a_run_is_cancelled_by_its_progress_and_goes_on(album):
    folder = album(6)

    class Cancelled(Exception):  # noqa: N818
        pass

    def cancel(progress):
        if progress.done >= 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        index_gallery(IndexRequest("default", [folder]), cancel)
    roots, report = index_gallery(IndexRequest("default", [folder], workers=1))
    assert roots == [folder]
    assert (report.unchanged, report.photos) == (6 - report.added, 6)
    assert 0 < report.added < 6
