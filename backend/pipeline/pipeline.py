"""A request on its way through its stages: reading, references, network, applying."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raiha.backend.client.raiha_client import MOST_REFERENCES
from raiha.backend.finishing.finish import UNFINISHED, Finish
from raiha.backend.finishing.finishing import finished
from raiha.backend.finishing.measuring import measure
from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_config, read_inference_settings
from raiha.backend.network.engine import load_engine
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.pipeline.adjustment import Adjustment, adjusted
from raiha.backend.pipeline.adjustment_fit import adjustment_of, shading_over
from raiha.backend.pipeline.bounds import Window, object_bounds, require_shapes
from raiha.backend.pipeline.colour_difference import mean_difference
from raiha.backend.pipeline.crops import Crop, Crops, read_crops, read_view, window_around
from raiha.backend.pipeline.full_resolution import apply
from raiha.backend.pipeline.prediction_cache import Answer, PredictionCache, content_key
from raiha.backend.pipeline.predictor import Predictor
from raiha.backend.pipeline.references import (
    LoadedReference,
    find_references,
    load_chosen,
    load_found,
)
from raiha.backend.pipeline.request import (
    Cancelled,
    HarmonizeRequest,
    HarmonizeResult,
    Only,
    PreviewResult,
    Progress,
    UsedReference,
)
from raiha.backend.pipeline.surroundings import require_surroundings
from raiha.gallery_tools.devices import AUTO, chosen_device
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.failures import is_out_of_memory
from raiha.gallery_tools.open_galleries import OpenGalleries
from raiha.gallery_tools.search import Filters

log = logging.getLogger("raiha.pipeline")

_BEGINS = {"reading": 0.0, "references": 0.1, "network": 0.3, "applying": 0.4}
"""Share of the job that is done when a stage begins, 0 to 1."""


@dataclass
class _Run:
    """One job: reports its progress, notices when it is cancelled, and times its stages.

    Attributes:
        progress: called with a stage and the fraction of the whole job that is done.
        cancelled: returns whether the job is no longer wanted.
        seconds: wall-clock seconds of each stage that is over.
    """

    progress: Progress
    cancelled: Callable[[], bool]
    seconds: dict[str, float] = field(default_factory=dict)

    def checkpoint(self) -> None:
        """Raise ``Cancelled`` if the job is no longer wanted."""
        if self.cancelled():
            raise Cancelled

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Report and time a stage."""
        self.checkpoint()
        self.progress(name, _BEGINS[name])
        begun = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def applying(self, stage: str, fraction: float) -> None:
        """Report the progress of the last stage, given as a fraction of that stage."""
        begins = _BEGINS[stage]
        self.progress(stage, begins + (1 - begins) * fraction)


@dataclass(frozen=True)
class _Prediction:
    """What is to be done for a request; it holds for the layer at any size.

    Attributes:
        adjustment: of the object; its shading spans the window of the close crop.
        change: mean CIEDE2000 in the object.
        crops: of the request.
        references: that the network used, best first.
    """

    adjustment: Adjustment
    change: float
    crops: Crops
    references: tuple[UsedReference, ...]


class Pipeline:
    """Harmonizes layers. Loads weights when they are first needed; runs one job at a time.

    Args:
        device: of the network and the extractors, see ``chosen_device``.
        network_weights: a checkpoint; None takes the one that Raiha ships.
        once: there will be a single request, so that what is loaded need not be optimized.
    """

    def __init__(self, device: str = AUTO, network_weights: Path | None = None, *, once: bool = False) -> None:
        self._once = once
        self._device = device
        self._weights = network_weights or SHIPPED_WEIGHTS
        self._predictor: Predictor | None = None
        self._extractors: dict[str, Extractor] = {}
        self._galleries = OpenGalleries()
        self._answers = PredictionCache()
        self._notices: tuple[str, ...] = ()

    @cached_property
    def _settings(self) -> InferenceSettings:
        return read_inference_settings(self._weights)

    def release(self) -> None:
        """Drop weights and galleries from memory until they are needed again."""
        self._predictor = None
        self._galleries.close()
        self._extractors.clear()
        self._answers.clear()

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        """Return the layer, harmonized at its own size and depth.

        Args:
            request: what is to be harmonized.
            progress: called with the stage and the fraction of the whole job that is done.
            cancelled: called often; returns whether the job is no longer wanted.

        Raises:
            RaihaError: the request cannot be fulfilled.
            Cancelled: ``cancelled`` returned True.
        """
        run = _Run(progress, cancelled)
        prediction = self._predict(request, run)
        with run.stage("applying"):
            layer = apply(request, prediction.adjustment, prediction.crops.close.window, run.applying, cancelled)
            measured = measure(request, layer, prediction.adjustment.finish)
            layer = finished(request, layer, measured.finish, cancelled)
        adjustment = replace(prediction.adjustment, finish=measured.finish)
        notices = *self._notices, *measured.notices
        return HarmonizeResult(layer, adjustment, prediction.change, prediction.references, run.seconds, notices)

    def preview(
        self, request: HarmonizeRequest, side: int, progress: Progress, cancelled: Callable[[], bool]
    ) -> PreviewResult:
        """Return the object in its surroundings before and after, the longer side at most ``side`` pixels.

        Arguments and errors are those of ``harmonize``. With ``request.view``, that part is shown as it is.
        """
        run = _Run(progress, cancelled)
        if request.view is not None:
            given = UNFINISHED if request.adjustment is None else request.adjustment.finish
            return _with_finished(_viewed(request, Window(*request.view), side, run), given)
        prediction = self._predict(request, run, preview_side=side)
        assert prediction.crops.preview is not None
        with run.stage("applying"):
            before = _as_request(prediction.crops.preview)
            height, width = before.layer.shape[:2]
            window = Window(0, 0, width, height)
            after: dict[Only | None, NDArray[np.uint8]] = {
                only: apply(replace(before, only=only), prediction.adjustment, window, run.applying, cancelled)
                for only in (None, "colour", "luminance")
            }
        made = prediction.adjustment, prediction.change, prediction.references
        shown = _pictures(prediction.crops.preview, *made)
        changed = replace(shown, both=after[None], colour=after["colour"], luminance=after["luminance"])
        changed = replace(changed, notices=self._notices)
        with run.stage("applying"):
            measured = measure(request, request.layer, prediction.adjustment.finish)
            adjustment = replace(changed.adjustment, finish=measured.finish)
            changed = replace(changed, adjustment=adjustment, notices=(*changed.notices, *measured.notices))
            return _with_finished(changed, measured.finish)

    def _predict(self, request: HarmonizeRequest, run: _Run, *, preview_side: int | None = None) -> _Prediction:
        with run.stage("reading"):
            bounds = object_bounds(request)
            if request.adjustment is None:
                require_surroundings(request, window_around(request, bounds, self._settings.wide_context))
            crops = read_crops(
                request, bounds, self._settings, whole=_to_search(request) > 0, preview_side=preview_side
            )
        if request.adjustment is not None:
            return _prediction(request, request.adjustment, crops, ())
        answer = self._answer(request, crops, run)
        return _prediction(request, answer.adjustment, crops, answer.references)

    def _answer(self, request: HarmonizeRequest, crops: Crops, run: _Run) -> Answer:
        """Return the network's answer: the one that is kept for the same content, or a new one."""
        with run.stage("references"):
            key = content_key(request, crops)
            answer = self._answers.get(key)
        if answer is None:
            answer = self._new_answer(request, crops, run)
            self._answers.put(key, answer)
        return answer

    def _new_answer(self, request: HarmonizeRequest, crops: Crops, run: _Run) -> Answer:
        """Run the network; where its device has no memory left, on the processor from now on."""
        try:
            return self._asked(request, crops, run)
        except Exception as error:
            if self._device == "cpu" or not is_out_of_memory(error):
                raise
            log.warning("%s has no memory left; the network runs on the processor now", self._device)
        self._notices = (f"{self._device} has no memory left, so the processor did the work, more slowly.",)
        self.release()
        self._device = "cpu"
        return self._asked(request, crops, run)

    def _asked(self, request: HarmonizeRequest, crops: Crops, run: _Run) -> Answer:
        with run.stage("references"):
            predictor = self._loaded_predictor()
            references = self._references(request, crops, predictor.extractor, run)
        with run.stage("network"):
            adjustment = adjustment_of(predictor.predict(crops, references), crops.close)
        return Answer(adjustment, tuple(reference.used for reference in references))

    def _references(
        self, request: HarmonizeRequest, crops: Crops, extractor: Extractor, run: _Run
    ) -> list[LoadedReference]:
        """Return the references that the user chose, then those that retrieval finds."""
        if len(request.references) > MOST_REFERENCES:
            raise RaihaError(
                "too-many-references",
                f"{len(request.references)} references were chosen; the network takes {MOST_REFERENCES}.",
                "Choose fewer.",
                exit_status=2,
            )
        chosen = [load_chosen(path, extractor) for path in request.references]
        if request.gallery is None or crops.whole is None:
            return chosen
        gallery = self._galleries.get(request.gallery)
        found = find_references(
            _eight_bit(crops.whole.composite),
            _eight_bit(crops.whole.mask),
            gallery,
            self._extractor(gallery.extractor),
            _to_search(request),
            Filters(excluded={*request.excluded, *request.references}),
            checkpoint=run.checkpoint,
        )
        candidates = (load_found(reference, extractor) for reference in found)
        return [*chosen, *(reference for reference in candidates if reference is not None)]

    def _loaded_predictor(self) -> Predictor:
        if self._predictor is None:
            self._device = chosen_device(self._device)
            engine = load_engine(self._weights, self._device, once=self._once)
            extractor = self._extractor(read_config(self._weights).extractor)
            self._predictor = Predictor(engine, extractor, self._settings)
        return self._predictor

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = load_extractor(name, device=self._device)
        return self._extractors[name]


def _prediction(
    request: HarmonizeRequest, adjustment: Adjustment, crops: Crops, references: tuple[UsedReference, ...]
) -> _Prediction:
    """Return what is to be done: an adjustment with the numbers that the user set, and how much it changes."""
    adjustment = adjustment.changed(request.adjust)
    crop = crops.close
    shading = 0.0 if adjustment.shading is None else shading_over(adjustment.shading, crop.mask.shape)
    after = adjusted(crop.composite.transpose(2, 0, 1), adjustment, shading).transpose(1, 2, 0)
    change = 0.0 if adjustment.is_identity else mean_difference(crop.composite, after, crop.mask)
    return _Prediction(adjustment, change, crops, references)


def _viewed(request: HarmonizeRequest, window: Window, side: int, run: _Run) -> PreviewResult:
    """Return a part of the picture as it is, reduced only where its longer side is above ``side`` pixels."""
    with run.stage("reading"):
        require_shapes(request)
        return _pictures(read_view(request, window, side), Adjustment(), 0.0, ())


def _pictures(crop: Crop, adjustment: Adjustment, change: float, used: tuple[UsedReference, ...]) -> PreviewResult:
    window = crop.window
    place = window.x, window.y, window.width, window.height
    return PreviewResult(_eight_bit(crop.composite), _eight_bit(crop.mask), place, adjustment, change, used)


def _with_finished(shown: PreviewResult, finish: Finish) -> PreviewResult:
    """Return a preview with the object finished as it is at full size, its colours unchanged."""
    if finish.is_nothing:
        return shown
    composite = HarmonizeRequest(shown.before, shown.before, mask=shown.mask)
    scale = shown.before.shape[1] / shown.window[2]
    return replace(shown, finished=finished(composite, shown.before.copy(), finish.reduced(scale)))


def _to_search(request: HarmonizeRequest) -> int:
    """Return how many references retrieval should find at most."""
    if request.gallery is None:
        return 0
    return max(0, min(request.max_references, MOST_REFERENCES) - len(request.references))


def _eight_bit(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)


def _as_request(crop: Crop) -> HarmonizeRequest:
    """Return a crop as an 8-bit sRGB composite of its own."""
    composite = _eight_bit(crop.composite)
    return HarmonizeRequest(composite, composite, mask=_eight_bit(crop.mask))
