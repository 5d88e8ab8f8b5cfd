"""Jobs through a real daemon and a real client: what comes back, in what order, and how they are cancelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from client_jobs import finish, frame, noise, pixels_of, send
from inverting_pipeline import FailingPipeline, inverted
from running_daemon import RunningDaemon

from raiha.backend.client.raiha_client import PROTOCOL, ClientError
from raiha.backend.daemon.server import Limits


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("order", ["RGBA", "BGRA", "RGB", "BGR"])
def test_a_layer_comes_back_in_the_order_and_depth_it_was_sent(daemon: RunningDaemon, order: str, dtype: str) -> None:
    layer = noise(channels=len(order), dtype=dtype)
    with daemon.connect() as client:
        result = client.harmonize(frame(layer, order), frame(noise(9, 9, 3, dtype), "RGB")).wait()
    assert result is not None and result.layer is not None
    assert (result.layer.order, result.layer.dtype) == (order, dtype)
    np.testing.assert_array_equal(pixels_of(result.layer), inverted(layer))


def test_blue_and_red_reach_the_pipeline_in_their_places(daemon: RunningDaemon) -> None:
    layer = np.zeros((2, 2, 4), np.uint8)
    layer[...] = (1, 2, 3, 4)
    with daemon.connect() as client:
        client.harmonize(frame(layer, "BGRA"), frame(layer, "BGRA")).wait()
    request = daemon.pipeline.requests[0]
    assert request.background[0, 0].tolist() == [3, 2, 1, 4]


@pytest.mark.parametrize("order", ["GRAY", "GRAYA"])
def test_gray_layers_go_as_rgb_and_come_back_as_luminance(daemon: RunningDaemon, order: str) -> None:
    layer = noise(channels=1 if order == "GRAY" else 2)
    with daemon.connect() as client:
        result = client.harmonize(frame(layer, order), frame(noise(9, 9, 1), "GRAY")).wait()
    assert daemon.pipeline.requests[0].layer.shape[2] == (3 if order == "GRAY" else 4)
    assert result is not None and result.layer is not None
    expected = layer.copy()
    expected[..., 0] = 255 - layer[..., 0]
    np.testing.assert_array_equal(pixels_of(result.layer), expected)


def test_every_field_of_a_request_arrives(daemon: RunningDaemon) -> None:
    layer, mask = noise(), noise(channels=1)
    with daemon.connect() as client:
        result = client.harmonize(
            frame(layer),
            frame(noise(40, 50)),
            mask=frame(mask, "GRAY"),
            profile=b"profile",
            offset=(-3, 7),
            strength=0.5,
            only="luminance",
            gallery="photos",
            references=["/a.jpg"],
            excluded=["/b.jpg", "/c.jpg"],
            max_references=2,
        ).wait()
    request = daemon.pipeline.requests[0]
    assert request.mask is not None
    np.testing.assert_array_equal(request.mask, mask[..., 0])
    assert (request.profile, request.offset, request.strength) == (b"profile", (-3, 7), 0.5)
    assert (request.only, request.gallery, request.max_references) == ("luminance", "photos", 2)
    assert request.references == (Path("/a.jpg"),) and request.excluded == (Path("/b.jpg"), Path("/c.jpg"))
    assert result is not None and result.layer is not None
    assert [tuple(reference) for reference in result.references] == [("/a.jpg", 0.5, None, 0.25, b"jpeg")]
    assert result.seconds == {"applying": 0.25}


def test_a_preview_brings_pictures_and_no_layer(daemon: RunningDaemon) -> None:
    layer = noise(64, 64)
    with daemon.connect() as client:
        result = client.harmonize(frame(layer), frame(noise(64, 64)), preview_side=16).wait()
    assert result is not None and result.layer is None
    assert sorted(result.preview) == ["before", "both", "colour", "luminance", "mask"]
    assert result.window == (0, 0, 16, 16)
    np.testing.assert_array_equal(pixels_of(result.preview["before"]), layer[:16, :16, :3])
    np.testing.assert_array_equal(pixels_of(result.preview["both"]), 255 - layer[:16, :16, :3])
    assert result.references[0].thumbnail == b"thumbnail"


def test_progress_comes_before_the_result_and_never_goes_back(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    events = []
    with daemon.connect() as client:
        job = send(client)
        while not job.finished:
            events += job.poll(0.05)
            if ("network", 0.25) in [(event.stage, event.fraction) for event in events]:
                daemon.pipeline.may_finish.set()
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert [event.kind for event in events[:-1]] == ["progress"] * (len(events) - 1)
    assert events[-1].kind == "result" and job.state == "done"


def test_a_large_layer_is_verified_by_the_worker_and_answered(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(verify_at_once_bytes=1000))
    layer = noise(200, 300)
    with daemon.connect() as client:
        result = send(client, layer).wait()
    assert result is not None and result.layer is not None
    np.testing.assert_array_equal(pixels_of(result.layer), inverted(layer))


def test_a_running_job_is_cancelled(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client:
        job = send(client)
        daemon.pipeline.started.wait()
        job.cancel()
        assert finish(job).state == "cancelled" and job.result is None
        assert daemon.pipeline.cancelled_jobs == 1
        daemon.pipeline.may_finish.set()
        assert finish(send(client)).state == "done"


def test_a_waiting_job_is_cancelled_and_the_running_one_is_not(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client:
        running = send(client)
        daemon.pipeline.started.wait()
        waiting = send(client)
        while waiting.state == "sending":
            waiting.poll(0.1)
        assert client.status()["queue"] == 1
        waiting.cancel()
        assert finish(waiting).state == "cancelled"
        daemon.pipeline.may_finish.set()
        assert finish(running).state == "done"
    assert len(daemon.pipeline.requests) == 1


def test_a_job_of_another_client_cannot_be_cancelled(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as owner, daemon.connect() as stranger:
        job = send(owner)
        daemon.pipeline.started.wait()
        stranger._cancel(job.identifier)
        stranger.status()
        daemon.pipeline.may_finish.set()
        assert finish(job).state == "done"


def test_two_clients_at_once_each_get_their_own(daemon: RunningDaemon) -> None:
    layers = [noise(10, 11), noise(12, 13)]
    with daemon.connect() as first, daemon.connect() as second:
        jobs = [send(client, layer) for _ in range(3) for client, layer in zip((first, second), layers, strict=True)]
        for number, job in enumerate(jobs):
            result = job.wait()
            assert result is not None and result.layer is not None
            np.testing.assert_array_equal(pixels_of(result.layer), inverted(layers[number % 2]))


def test_the_jobs_of_a_client_that_goes_are_cancelled(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(tick_seconds=0.02))
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as watcher:
        goer = daemon.connect()
        send(goer)
        send(goer)
        daemon.pipeline.started.wait()
        goer.close()
        while watcher.status()["busy"]:
            pass
        assert watcher.status()["queue"] == 0
    assert daemon.pipeline.cancelled_jobs == 1 and len(daemon.pipeline.requests) == 1


def test_more_jobs_than_the_daemon_takes_are_refused(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(jobs=2))
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client:
        jobs = [send(client) for _ in range(3)]
        assert finish(jobs[2]).error.code == "busy"
        daemon.pipeline.may_finish.set()
        assert [finish(job).state for job in jobs[:2]] == ["done", "done"]


def test_no_client_keeps_the_others_out(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(jobs=3, jobs_of_client=2))
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client, daemon.connect() as other:
        jobs = [send(client) for _ in range(3)]
        assert finish(jobs[2]).error.code == "busy"
        others = send(other)
        daemon.pipeline.may_finish.set()
        assert [finish(job).state for job in (*jobs[:2], others)] == ["done", "done", "done"]


def test_the_client_that_waited_longest_is_next(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as busy, daemon.connect() as other:
        many = [send(busy, noise(4, 10 + number)) for number in range(4)]
        daemon.pipeline.started.wait()
        single = send(other, noise(4, 20))
        while busy.status()["queue"] < 4:
            pass
        daemon.pipeline.may_finish.set()
        assert {finish(job).state for job in (*many, single)} == {"done"}
    widths = [request.layer.shape[1] for request in daemon.pipeline.requests]
    assert widths == [10, 20, 11, 12, 13]


def test_waiting_jobs_take_so_much_memory_and_no_more(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(limits=Limits(waiting_bytes=10_000))
    daemon.pipeline.may_finish.clear()
    layer = noise(30, 50)
    with daemon.connect() as client:
        running = send(client, layer)
        daemon.pipeline.started.wait()
        waiting, refused = send(client, layer), send(client, layer)
        assert finish(refused).error.code == "busy"
        daemon.pipeline.may_finish.set()
        assert [finish(job).state for job in (running, waiting)] == ["done", "done"]


@pytest.mark.parametrize(("error", "code"), [(KeyError("surprise"), "unexpected"), (MemoryError(), "out-of-memory")])
def test_a_failure_of_the_pipeline_is_told_and_the_daemon_lives(
    start_daemon: Callable[..., RunningDaemon], error: Exception, code: str
) -> None:
    daemon = start_daemon(FailingPipeline(error))
    with daemon.connect() as client:
        for _ in range(2):
            with pytest.raises(ClientError) as caught:
                send(client).wait()
            assert caught.value.code == code
            assert caught.value.log_path == str(daemon.connection.log)


def test_the_weights_are_released_after_idle_time(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon(idle_seconds=0.0, limits=Limits(tick_seconds=0.01))
    with daemon.connect() as client:
        send(client).wait()
        while client.status()["weights_loaded"]:
            pass
        assert daemon.pipeline.releases == 1
        assert finish(send(client)).state == "done"


def test_hello_and_status_say_what_the_editors_show(start_daemon: Callable[..., RunningDaemon]) -> None:
    galleries = [{"name": "photos", "photos": 12}]
    daemon = start_daemon(galleries=lambda: galleries)
    with daemon.connect() as client:
        assert client.hello["galleries"] == galleries
        assert client.hello["protocol"] == PROTOCOL and client.hello["pid"] == daemon.connection.pid
        galleries.append({"name": "more", "photos": 1})
        assert client.galleries() == galleries
        status = client.status()
    assert set(status) >= {"pid", "version", "protocol", "uptime_s", "memory_mb", "queue", "busy", "weights_loaded"}
    assert not status["busy"] and status["memory_mb"] > 0


def test_galleries_that_cannot_be_listed_do_not_end_the_daemon(start_daemon: Callable[..., RunningDaemon]) -> None:
    answers = iter([ZeroDivisionError("a bug"), []])

    def galleries() -> list[dict[str, object]]:
        answer = next(answers)
        if isinstance(answer, ZeroDivisionError):
            raise answer
        return answer

    daemon = start_daemon(galleries=galleries)
    with pytest.raises(ClientError) as caught:
        daemon.connect()
    assert caught.value.code == "unexpected"
    with daemon.connect() as client:
        assert client.hello["galleries"] == []


def test_stop_ends_the_daemon_and_tells_who_is_waiting(daemon: RunningDaemon) -> None:
    daemon.pipeline.may_finish.clear()
    with daemon.connect() as client, daemon.connect() as other:
        job = send(client)
        daemon.pipeline.started.wait()
        other.stop_daemon()
        daemon.wait()
        assert finish(job).error.code == "stopped"
    with pytest.raises(ClientError) as caught:
        daemon.connect()
    assert caught.value.code == "no-daemon"
