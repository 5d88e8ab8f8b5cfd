"""Requests that `raiha harmonize` sends to a daemon, with the stand-in and with the real pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from client_jobs import noise
from inverting_pipeline import FailingPipeline
from PIL import Image
from running_daemon import RunningDaemon

from raiha.backend.client.raiha_client import ClientError
from raiha.backend.daemon.link import as_raiha_error, harmonize_by_daemon
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError

SAMPLES = Path(__file__).parents[2] / "samples"


def silent(stage: str, fraction: float) -> None:
    """Return a progress that tells nobody."""


def request(**changes: object) -> HarmonizeRequest:
    return HarmonizeRequest(**{"layer": noise(), "background": noise(40, 50), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [3, 4])
def test_the_request_arrives_as_it_was_and_the_result_comes_back(daemon: RunningDaemon, channels: int) -> None:
    sent = request(
        layer=noise(channels=channels, dtype="uint16"),
        background=noise(9, 8, 3, "uint16"),
        mask=noise(channels=1)[..., 0],
        offset=(4, -5),
        profile=b"profile",
        strength=0.25,
        only="colour",
        gallery="photos",
        references=(Path("/a.jpg"),),
        excluded=(Path("/b.jpg"),),
        max_references=3,
    )
    result = harmonize_by_daemon(sent, silent)
    arrived = daemon.pipeline.requests[0]
    for name in ("layer", "background", "mask"):
        np.testing.assert_array_equal(getattr(arrived, name), getattr(sent, name))
    for name in ("offset", "profile", "strength", "only", "gallery", "references", "excluded", "max_references"):
        assert getattr(arrived, name) == getattr(sent, name)
    expected = daemon.pipeline.harmonize(sent, silent, lambda: False)
    np.testing.assert_array_equal(result.layer, expected.layer)
    assert result.references == expected.references and result.seconds == expected.seconds


def test_relative_paths_are_made_absolute_for_a_daemon_that_runs_elsewhere(daemon: RunningDaemon) -> None:
    harmonize_by_daemon(request(references=(Path("a.jpg"),)), silent)
    assert daemon.pipeline.requests[0].references == (Path.cwd() / "a.jpg",)


def test_no_daemon_is_a_sentence() -> None:
    with pytest.raises(RaihaError) as caught:
        harmonize_by_daemon(request(), silent)
    assert caught.value.code == "no-daemon" and caught.value.exit_status == 1


def test_an_error_of_the_daemon_reads_as_in_process(start_daemon: Callable[..., RunningDaemon]) -> None:
    start_daemon(FailingPipeline(RaihaError("empty-mask", "The mask is empty.", "Draw one.")))
    with pytest.raises(RaihaError) as caught:
        harmonize_by_daemon(request(), silent)
    assert caught.value.code == "empty-mask" and str(caught.value) == "The mask is empty. Draw one."


def test_an_error_that_the_log_may_explain_names_it() -> None:
    error = ClientError("connection-closed", "It closed.", "Try again.", "/the/log")
    assert str(as_raiha_error(error)) == "It closed. Try again. Log: /the/log"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, Cancelled])
def test_ctrl_c_cancels_the_job(daemon: RunningDaemon, interruption: type[BaseException]) -> None:
    daemon.pipeline.may_finish.clear()

    def progress(stage: str, fraction: float) -> None:
        if stage == "network":
            raise interruption

    with pytest.raises(interruption):
        harmonize_by_daemon(request(), progress)
    assert daemon.pipeline.cancelled_jobs == 1


def test_a_real_composite_through_the_daemon_equals_the_one_made_in_process(
    start_daemon: Callable[..., RunningDaemon],
) -> None:
    photo = np.asarray(Image.open(SAMPLES / "photos/coco_000000000127.jpg").convert("RGB"))
    mask = np.asarray(Image.open(SAMPLES / "masks/coco_000000000127_0.png").convert("L"))
    composite = np.where(mask[..., np.newaxis] > 127, photo // 2, photo).astype(np.uint8)
    references = (SAMPLES / "photos/coco_000000000450.jpg",)
    sent = HarmonizeRequest(composite, composite, mask=mask, references=references)
    expected = Pipeline().harmonize(sent, silent, lambda: False)
    start_daemon(Pipeline())
    stages: list[str] = []
    result = harmonize_by_daemon(sent, lambda stage, fraction: stages.append(stage))
    np.testing.assert_array_equal(result.layer, expected.layer)
    assert (result.layer != composite).any()
    assert result.references == expected.references
    assert "applying" in stages
