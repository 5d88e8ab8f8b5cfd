"""The pipeline with the shipped weights: references, previews, progress and cancel."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_inference_settings
from raiha.backend.pipeline.adjustment import Adjustment
from raiha.backend.pipeline.bounds import object_bounds
from raiha.backend.pipeline.crops import read_crops
from raiha.backend.pipeline.pipeline import Pipeline
from raiha.backend.pipeline.prediction_cache import MOST_ANSWERS, Answer, PredictionCache, content_key
from raiha.backend.pipeline.request import Cancelled, HarmonizeRequest
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import load_extractor
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.store import Gallery

PHOTOS = Path(__file__).parents[2] / "samples" / "photos"
MASKS = PHOTOS.parent / "masks"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture(scope="module")
def request_without_gallery() -> HarmonizeRequest:
    with Image.open(PHOTOS / "coco_000000234748.jpg") as photo, Image.open(MASKS / "coco_000000234748_1.png") as mask:
        pixels = np.asarray(photo.convert("RGB"))
        object_mask = np.asarray(mask.convert("L").resize(photo.size))
    composite = np.where(object_mask[..., None] > 127, pixels // 2, pixels).astype(np.uint8)
    return HarmonizeRequest(composite, composite, mask=object_mask)


def quiet(stage: str, fraction: float) -> None:
    pass


def never() -> bool:
    return False


def test_without_a_gallery_the_object_changes_and_nothing_else(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest
) -> None:
    asked = request_without_gallery
    result = pipeline.harmonize(asked, quiet, never)
    assert asked.mask is not None
    outside = asked.mask == 0
    assert np.array_equal(result.layer[outside], asked.layer[outside])
    assert not np.array_equal(result.layer[~outside], asked.layer[~outside])
    assert result.references == ()
    assert set(result.seconds) >= {"reading", "references", "applying"}


def test_the_same_request_gives_the_same_bytes_also_after_a_release(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest
) -> None:
    once = pipeline.harmonize(request_without_gallery, quiet, never).layer
    pipeline.release()
    assert np.array_equal(pipeline.harmonize(request_without_gallery, quiet, never).layer, once)


def test_progress_goes_forward_through_all_stages(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest
) -> None:
    steps: list[tuple[str, float]] = []
    pipeline.release()  # or the network's answer would be kept
    pipeline.harmonize(request_without_gallery, lambda *step: steps.append(step), never)
    stages = list(dict.fromkeys(stage for stage, _ in steps))
    assert stages == ["reading", "references", "network", "applying"]
    fractions = [fraction for _, fraction in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_the_network_does_not_run_again_for_the_same_content(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.release()
    weak = replace(request_without_gallery, strength=0.5, adjust={"tint": 0.3})
    expected = pipeline.harmonize(weak, quiet, never)
    pipeline.release()
    runs: list[object] = []
    predictor = pipeline._loaded_predictor()
    predict = type(predictor).predict
    monkeypatch.setattr(type(predictor), "predict", lambda *seen: (runs.append(seen), predict(*seen))[1])
    pipeline.preview(request_without_gallery, 64, quiet, never)
    pipeline.harmonize(replace(request_without_gallery, only="colour"), quiet, never)
    result = pipeline.harmonize(weak, quiet, never)
    assert len(runs) == 1 and "network" not in result.seconds
    assert np.array_equal(result.layer, expected.layer) and result.change == expected.change
    other = request_without_gallery.layer.copy()
    other[other.shape[0] // 2, :, :3] ^= 1
    pipeline.harmonize(replace(request_without_gallery, layer=other), quiet, never)
    assert len(runs) == 2


def test_answers_are_kept_by_the_versions_of_the_photos_chosen(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[20:60, 20:60] = 200
    request = HarmonizeRequest(pixels, pixels, references=(photo,))
    crops = read_crops(request, object_bounds(request), read_inference_settings(SHIPPED_WEIGHTS))
    keys = [content_key(request, crops)]
    for content in (b"one", b"other"):
        photo.write_bytes(content)
        keys.append(content_key(request, crops))
    assert len(set(keys)) == 3
    assert content_key(replace(request, strength=0.1), crops) == keys[-1]
    assert content_key(replace(request, references=()), crops) not in keys


def test_no_more_answers_are_kept_than_allowed() -> None:
    cache = PredictionCache()
    for number in range(2 * MOST_ANSWERS):
        cache.put(bytes([number]), Answer(Adjustment(), ()))
        assert cache.get(bytes([0])) is not None  # used again and again, so it stays
    assert len(cache) == MOST_ANSWERS
    assert cache.get(bytes([1])) is None


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 1.50 GiB."),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer"),
    ],
    ids=["torch", "onnxruntime"],
)
def test_a_device_without_memory_leaves_the_work_to_the_processor(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    pipeline.release()
    expected = pipeline.harmonize(request_without_gallery, quiet, never)
    load = Pipeline._loaded_predictor

    def load_on(self: Pipeline) -> Any:
        if self._device != "cpu":
            raise error
        return load(self)

    monkeypatch.setattr(Pipeline, "_loaded_predictor", load_on)
    result = Pipeline(device="cuda").harmonize(request_without_gallery, quiet, never)
    assert np.array_equal(result.layer, expected.layer)
    assert expected.notices == () and "cuda has no memory left" in result.notices[0]


@pytest.mark.parametrize("asked_before", [0, 1, 2, 3])
def test_cancel_ends_the_job_at_any_stage(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, asked_before: int
) -> None:
    answers = iter([False] * asked_before + [True] * 100)
    with pytest.raises(Cancelled):
        pipeline.harmonize(request_without_gallery, quiet, lambda: next(answers))


def test_a_preview_shows_the_same_change_small(pipeline: Pipeline, request_without_gallery: HarmonizeRequest) -> None:
    preview = pipeline.preview(request_without_gallery, 200, quiet, never)
    assert max(preview.before.shape[:2]) <= 200
    assert preview.before.shape == preview.both.shape == preview.colour.shape == preview.luminance.shape
    assert preview.before.dtype == np.uint8
    parts = preview.colour.astype(int) + preview.luminance - 2 * preview.before.astype(int)
    both = preview.both.astype(int) - preview.before
    unclipped = (preview.both > 2) & (preview.both < 253) & (preview.colour > 2) & (preview.colour < 253)
    unclipped &= (preview.luminance > 2) & (preview.luminance < 253)
    unclipped = unclipped[..., :3].all(axis=2)  # one clipped channel changes the pixel's luminance
    assert unclipped.mean() > 0.5
    # At the object's edge a colour that was clipped is mixed with the background's, which no longer shows it.
    assert (np.abs(parts - both)[unclipped] > 2).mean() < 0.005


@pytest.fixture
def gallery(tmp_path: Path, request_without_gallery: HarmonizeRequest) -> str:
    """Return the photo itself in other sizes, and others."""
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(PHOTOS / "coco_000000234748.jpg") as photo:
        photo.crop((60, 0, 512, 300)).save(folder / "street.jpg")
    for name in ("pd_wood_anemones", "snap_fujifilm_mx1700"):
        (folder / f"{name}.jpg").symlink_to(PHOTOS / f"{name}.jpg")
    extractor = load_extractor()
    with Gallery.create("test", extractor.info) as opened:
        index(opened, extractor, [folder])
    return "test"


def test_retrieval_finds_the_similar_photo_and_reports_why(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, gallery: str
) -> None:
    result = pipeline.harmonize(replace(request_without_gallery, gallery=gallery), quiet, never)
    best = result.references[0]
    assert best.path.name == "street.jpg"
    assert best.score is not None and best.content is not None and best.appearance is not None
    assert best.score == pytest.approx(best.content * best.appearance)
    assert max(Image.open(io.BytesIO(best.thumbnail)).size) <= 160
    excluded = replace(request_without_gallery, gallery=gallery, excluded=(best.path,))
    assert best.path not in [one.path for one in pipeline.harmonize(excluded, quiet, never).references]


def test_chosen_references_come_first_and_count(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, gallery: str
) -> None:
    chosen = PHOTOS / "picosdeeuropa_by_aitzol_berasategi.jpg"
    asked = replace(request_without_gallery, gallery=gallery, references=(chosen,), max_references=2)
    references = pipeline.harmonize(asked, quiet, never).references
    assert references[0].path == chosen and references[0].score is None
    assert len(references) <= 2


def test_bad_references_and_galleries_are_reported(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest
) -> None:
    chosen = PHOTOS / "picosdeeuropa_by_aitzol_berasategi.jpg"
    wrong = {
        "reference-missing": {"references": (PHOTOS / "none.jpg",)},
        "unreadable-photo": {"references": (MASKS.parent / "ATTRIBUTION.md",)},
        "too-many-references": {"references": (chosen,) * (MOST_REFERENCES + 1)},
        "gallery-missing": {"gallery": "nowhere"},
    }
    for code, fields in wrong.items():
        with pytest.raises(RaihaError) as error:
            pipeline.harmonize(replace(request_without_gallery, **fields), quiet, never)
        assert error.value.code == code


def test_a_result_s_adjustment_is_applied_again_without_network_or_references(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pipeline.harmonize(request_without_gallery, quiet, never)
    assert first.change > 2 and not first.adjustment.is_identity
    fresh = Pipeline()
    monkeypatch.setattr(fresh, "_loaded_predictor", None)
    asked = replace(request_without_gallery, adjustment=first.adjustment)
    again = fresh.harmonize(asked, quiet, never)
    assert np.array_equal(again.layer, first.layer)
    assert again.adjustment.as_json() == first.adjustment.as_json()
    assert again.change == pytest.approx(first.change)
    preview = fresh.preview(replace(asked, adjust={"exposure": first.adjustment.exposure - 1}), 200, quiet, never)
    assert preview.adjustment.exposure == first.adjustment.exposure - 1
    assert preview.both.mean() < fresh.preview(asked, 200, quiet, never).both.mean()


def test_an_adjustment_that_does_nothing_has_no_change(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest
) -> None:
    result = pipeline.harmonize(replace(request_without_gallery, adjustment=Adjustment()), quiet, never)
    assert result.change == 0
    assert np.array_equal(result.layer, request_without_gallery.layer)


@pytest.mark.parametrize("opacity", [20, 54, 126, 200])
def test_the_change_of_a_soft_object_goes_with_its_mask(
    pipeline: Pipeline, request_without_gallery: HarmonizeRequest, opacity: int
) -> None:
    asked = request_without_gallery
    assert asked.mask is not None
    inside = asked.mask == 255
    soft = replace(asked, mask=(asked.mask.astype(int) * opacity // 255).astype(np.uint8))

    def change_of(request: HarmonizeRequest) -> float:
        difference = pipeline.harmonize(request, quiet, never).layer[inside].astype(float) - request.layer[inside]
        return float(np.abs(difference).mean())

    assert change_of(soft) == pytest.approx(change_of(asked) * opacity / 255, rel=0.15, abs=0.3)
    shown = pipeline.preview(soft, 200, quiet, never)
    whole = pipeline.preview(asked, 200, quiet, never)
    changes = [np.abs(one.both.astype(float) - one.before).mean() for one in (shown, whole)]
    assert changes[0] == pytest.approx(changes[1] * opacity / 255, rel=0.2, abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (100, 3000), (3, 700)])
def test_odd_sizes_come_back_in_their_size(pipeline: Pipeline, size: tuple[int, int]) -> None:
    numbers = np.random.default_rng(0)
    composite = numbers.integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = np.zeros(size, np.uint8)
    mask[: max(1, size[0] // 2)] = 255
    asked = HarmonizeRequest(composite, composite, mask=mask)
    assert pipeline.harmonize(asked, quiet, never).layer.shape == composite.shape


def test_a_view_shows_the_pixels_as_they_are_without_the_network(request_without_gallery: HarmonizeRequest) -> None:
    asked = replace(request_without_gallery, view=(10, 20, 90, 60))
    preview = Pipeline(network_weights=Path("no-such-file")).preview(asked, 4096, quiet, never)
    assert (preview.window, preview.both, preview.references) == ((10, 20, 90, 60), None, ())
    assert preview.mask.any()
    outside = preview.mask == 0
    np.testing.assert_array_equal(preview.before[outside], asked.background[20:80, 10:100, :3][outside])
