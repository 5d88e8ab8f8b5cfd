"""The pipeline in a process of its own: same results, and the daemon survives whatever becomes of it."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from client_jobs import finish, noise, send
from inverting_pipeline import InvertingPipeline, inverted
from running_daemon import RunningDaemon
from worker_pipelines import Failing, Holding, Stubborn

from raiha.backend.daemon import shared_pixels, worker_process
from raiha.backend.daemon.channel_order import CHANNELS, Order, to_rgb
from raiha.backend.daemon.jobs import PipelineLike
from raiha.backend.daemon.shared_pixels import place_of, remove_leftovers, share, withdraw
from raiha.backend.daemon.worker_process import WorkerProcess
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals")


@pytest.fixture
def make_worker() -> Iterator[Callable[[Callable[[], PipelineLike]], WorkerProcess]]:
    workers: list[WorkerProcess] = []

    def make(pipeline: Callable[[], PipelineLike]) -> WorkerProcess:
        workers.append(WorkerProcess(pipeline))
        return workers[-1]

    yield make
    for worker in workers:
        worker.release()


def request(**fields: Any) -> HarmonizeRequest:
    random = np.random.default_rng(0)
    layer = random.integers(0, 65536, (40, 60, 4), dtype=np.uint16)
    return HarmonizeRequest(layer, random.integers(0, 65536, (50, 70, 3), dtype=np.uint16), **fields)


def ignore(*_: object) -> None:
    pass


def never() -> bool:
    return False


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(RaihaError) as caught:
        action()
    return caught.value.code


def pixel_files() -> set[Path]:
    """Return the files of pixels of this process; those of other tests' requests go when these do."""
    folders = (Path("/dev/shm"), Path(tempfile.gettempdir()))
    return {file for folder in folders for file in folder.glob(f"raiha-pixels-{os.getpid()}-*")}


def test_it_gives_what_the_pipeline_gives_and_leaves_nothing_behind(make_worker: Any) -> None:
    worker, before = make_worker(InvertingPipeline), pixel_files()
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20] = 255
    stages: list[tuple[str, float]] = []
    asked = request(mask=mask, references=(Path("a.jpg"),))
    result = worker.harmonize(asked, lambda *stage: stages.append(stage), never)
    expected = InvertingPipeline().harmonize(asked, ignore, never)
    assert (result.layer == expected.layer).all()
    assert (result.references, result.seconds) == (expected.references, expected.seconds)
    assert stages == [("references", 0.1), ("network", 0.25), ("applying", 0.5)]
    first = worker.pid
    preview = worker.preview(asked, 16, ignore, never)
    assert (preview.after if hasattr(preview, "after") else preview.both).shape == (16, 16, 3)
    assert worker.pid == first
    assert pixel_files() <= before


def test_its_memory_goes_back_when_it_is_released(make_worker: Any) -> None:
    worker = make_worker(InvertingPipeline)
    worker.harmonize(request(), ignore, never)
    pid = worker.pid
    worker.release()
    assert worker.pid is None
    assert not psutil.pid_exists(pid)
    assert (worker.harmonize(request(), ignore, never).layer == inverted(request().layer)).all()


def test_a_death_is_told_and_the_next_job_is_done(make_worker: Any) -> None:
    worker, before = make_worker(Failing), pixel_files()
    with pytest.raises(RaihaError) as caught:
        worker.harmonize(request(strength=0.1), ignore, never)
    assert caught.value.code == "worker-died"
    assert "SIGKILL" in caught.value.sentence and "memory" in caught.value.sentence
    assert (worker.harmonize(request(), ignore, never).layer == inverted(request().layer)).all()
    os.kill(worker.pid, signal.SIGKILL)  # while it is idle: nobody's job was lost, so nobody is told
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert (worker.harmonize(request(), ignore, never).layer == inverted(request().layer)).all()
    assert pixel_files() <= before


def test_out_of_memory_is_told_as_that_and_gives_all_of_it_back(make_worker: Any) -> None:
    worker = make_worker(Failing)
    assert code_of(lambda: worker.harmonize(request(strength=0.2), ignore, never)) == "out-of-memory"
    assert worker.pid is None


def test_a_bug_is_told_and_logged(make_worker: Any, caplog: pytest.LogCaptureFixture) -> None:
    worker = make_worker(Failing)
    with pytest.raises(RaihaError, match="ZeroDivisionError: a bug") as caught:
        worker.harmonize(request(strength=0.3), ignore, never)
    assert caught.value.code == "unexpected"
    assert "Traceback" in caplog.text and "Traceback" not in str(caught.value)


def test_a_job_is_cancelled_and_the_process_stays(make_worker: Any) -> None:
    worker = make_worker(Holding)
    asked = iter([False, False])
    with pytest.raises(Cancelled):
        worker.harmonize(request(), ignore, lambda: next(asked, True))
    pid = worker.pid
    assert pid is not None and psutil.pid_exists(pid)


def test_a_job_that_does_not_stop_is_ended_with_its_process(make_worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_PATIENCE_SECONDS", 0.1)
    worker = make_worker(Stubborn)
    stages: list[str] = []
    with pytest.raises(Cancelled):
        worker.harmonize(request(), lambda stage, _: stages.append(stage), lambda: bool(stages))
    assert worker.pid is None


def test_what_progress_raises_stops_the_job_before_its_files_are_opened(make_worker: Any) -> None:
    """The daemon has verified the message by then, or has not: then no photo that it names may be opened."""
    worker = make_worker(InvertingPipeline)
    stages: list[str] = []

    def refuse(stage: str, _: float) -> None:
        stages.append(stage)
        raise RaihaError("wrong-key", "No.", "Reconnect.")

    assert code_of(lambda: worker.harmonize(request(references=(Path("a.jpg"),)), refuse, never)) == "wrong-key"
    assert stages == ["references"]
    assert (worker.harmonize(request(), ignore, never).layer == inverted(request().layer)).all()


def test_the_daemon_survives_its_worker(start_daemon: Callable[..., RunningDaemon], make_worker: Any) -> None:
    worker = make_worker(Holding)
    daemon = start_daemon(worker)
    with daemon.connect() as client, daemon.connect() as watcher:
        for _ in range(3):
            job = send(client)
            while job.progress[0] != "network":
                job.poll(0.1)
            status = watcher.status()
            assert status["memory_mb"] > 0
            os.kill(status["worker_pid"], signal.SIGKILL)
            error = finish(job).error
            assert error is not None and error.code == "worker-died"
    assert daemon.is_running


def test_idle_time_ends_the_process(start_daemon: Callable[..., RunningDaemon], make_worker: Any) -> None:
    daemon = start_daemon(make_worker(InvertingPipeline), idle_seconds=0.0)
    with daemon.connect() as client:
        layer = noise(30, 20)
        assert finish(send(client, layer)).state == "done"
        while client.status()["worker_pid"] is not None:
            time.sleep(0.05)
        assert finish(send(client, layer)).state == "done"


def test_a_daemon_that_nobody_uses_ends_but_not_below_a_client(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(unused_seconds=0.2)
    with daemon.connect() as client:
        time.sleep(2.0)  # several looks, each ten times as long as it may be unused
        assert client.status()["pid"] == os.getpid()
    daemon.wait()
    assert not daemon.is_running


def test_pixels_are_shared_until_nobody_needs_them() -> None:
    pixels = np.random.default_rng(0).random((30, 20, 3), dtype=np.float32)
    copy = share(pixels)
    place = place_of(copy)
    assert place is not None and place_of(pixels) is None and place_of(copy[1:]) is None
    other = place.open()
    assert (other == pixels).all()
    other[0] = 2.0
    assert (copy[0] == 2.0).all() and (copy[1:] == pixels[1:]).all()
    assert Path(place.place).stat().st_mode & 0o077 == 0
    view = copy[3:]
    del copy, other
    assert Path(place.place).exists() and (view == pixels[3:]).all()
    del view
    assert not Path(place.place).exists()


def test_pixels_that_are_withdrawn_stay_with_those_who_have_them() -> None:
    pixels = np.ones((30, 20, 3), np.uint8)
    copy = share(pixels)
    place = place_of(copy)
    assert place is not None
    withdraw(copy)
    assert place_of(copy) is None and not Path(place.place).exists() and (copy == pixels).all()


@pytest.mark.parametrize("order", ["RGBA", "BGRA", "RGB", "BGR", "GRAY", "GRAYA"])
@pytest.mark.parametrize("height", [3, 700])
def test_pixels_of_any_order_are_shared_as_rgb(order: Order, height: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, 2000, CHANNELS[order]), dtype=np.uint8)
    assert (share(pixels, order) == to_rgb(pixels, order)).all()


def test_pixels_without_room_in_memory_go_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_pixels, "_MEMORY_FOLDER", Path("/dev/full"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    copy = share(np.ones((4, 4), np.uint8))
    assert copy.all() and len(list(tmp_path.iterdir())) == 1
    del copy
    assert list(tmp_path.iterdir()) == []


def test_pixels_without_any_room_are_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_pixels, "_MEMORY_FOLDER", Path("/dev/full"))
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full")
    with pytest.raises(MemoryError):
        share(np.ones((4, 4), np.uint8))


def test_what_a_killed_daemon_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = os.fork()
    if dead == 0:
        os._exit(0)
    os.waitpid(dead, 0)
    for pid in (dead, os.getpid()):
        (tmp_path / f"raiha-pixels-{pid}-00").touch()
    (tmp_path / "raiha-pixels-none").touch()
    remove_leftovers()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"raiha-pixels-{os.getpid()}-00", "raiha-pixels-none"]
