"""The way of a request: working copies, references, network, full resolution."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.weights import SHIPPED_WEIGHTS, load_network
from raiha.backend.pipeline.bounds import Window, object_bounds
from raiha.backend.pipeline.crops import WorkingCopy, reduced, whole_picture
from raiha.backend.pipeline.full_resolution import apply
from raiha.backend.pipeline.predictor import predict, views_of
from raiha.backend.pipeline.references import (
    MOST_REFERENCES,
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
)
from raiha.gallery_tools.errors import RaihaError
from raiha.gallery_tools.extractors.extractor import Extractor, load_extractor
from raiha.gallery_tools.store import Gallery

# The share of the job that is done when a stage begins.
_BEGINS = {"reading": 0.0, "references": 0.1, "network": 0.3, "applying": 0.4}


@dataclass
class _Run:
    """One job on its way: tells its progress, notices that it is cancelled, times its stages."""

    progress: Progress
    cancelled: Callable[[], bool]
    seconds: dict[str, float] = field(default_factory=dict)

    def checkpoint(self) -> None:
        if self.cancelled():
            raise Cancelled

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.checkpoint()
        self.progress(name, _BEGINS[name])
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun

    def applying(self, stage: str, fraction: float) -> None:
        """Progress of the last stage as a fraction of the whole job."""
        begins = _BEGINS[stage]
        self.progress(stage, begins + (1 - begins) * fraction)


@dataclass(frozen=True)
class _Prediction:
    """What the network says of a request: the same for the layer at any size."""

    coefficients: Tensor
    copy: WorkingCopy
    references: list[LoadedReference]


class Pipeline:
    """Harmonizes layers. Loads what it needs when it first needs it; one job at a time.

    Args:
        device: of torch, for the network and the extractors.
        network_weights: a checkpoint; None takes the one that Raiha ships.
    """

    def __init__(self, device: str = "cpu", network_weights: Path | None = None) -> None:
        self._device = device
        self._weights = network_weights or SHIPPED_WEIGHTS
        self._network: Harmonizer | None = None
        self._extractors: dict[str, Extractor] = {}

    def release(self) -> None:
        """Forgets the weights until they are needed again."""
        self._network = None
        self._extractors.clear()

    def harmonize(
        self, request: HarmonizeRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> HarmonizeResult:
        """The layer, harmonized at its own size and depth.

        Args:
            request: what is to be harmonized.
            progress: called with the stage and the fraction of the whole job that is done.
            cancelled: asked often whether the job is still wanted.

        Raises:
            RaihaError: the request cannot be fulfilled; says why and what to do.
            Cancelled: ``cancelled`` said so.
        """
        run = _Run(progress, cancelled)
        prediction = self._predict(request, run)
        with run.stage("applying"):
            layer = apply(request, prediction.coefficients, prediction.copy, run.applying, cancelled)
        return HarmonizeResult(layer, tuple(one.used for one in prediction.references), run.seconds)

    def preview(
        self, request: HarmonizeRequest, side: int, progress: Progress, cancelled: Callable[[], bool]
    ) -> PreviewResult:
        """The object in its surroundings before and after, at most ``side`` pixels long; otherwise as ``harmonize``."""
        run = _Run(progress, cancelled)
        prediction = self._predict(request, run)
        with run.stage("applying"):
            small, copy = _small_request(request, prediction.copy, side)
            after: dict[Only | None, NDArray[np.uint8]] = {
                only: apply(replace(small, only=only), prediction.coefficients, copy, run.applying, cancelled)
                for only in (None, "colour", "luminance")
            }
        used = tuple(one.used for one in prediction.references)
        return PreviewResult(small.layer, after[None], after["colour"], after["luminance"], used)

    def _predict(self, request: HarmonizeRequest, run: _Run) -> _Prediction:
        with run.stage("reading"):
            bounds = object_bounds(request)
            views = views_of(request, bounds)
            network = self._loaded_network()
            extractor = self._extractor(network.config.extractor)
        with run.stage("references"):
            references = self._references(request, extractor, run)
        with run.stage("network"):
            coefficients = predict(network, extractor, views, references, self._device)
        return _Prediction(coefficients, views.close, references)

    def _references(
        self,
        request: HarmonizeRequest,
        extractor: Extractor,
        run: _Run,
    ) -> list[LoadedReference]:
        most = min(request.max_references, MOST_REFERENCES)
        if len(request.references) > MOST_REFERENCES:
            raise RaihaError(
                "too-many-references",
                f"{len(request.references)} references were chosen; the network takes {MOST_REFERENCES}.",
                "Choose fewer.",
                exit_status=2,
            )
        loaded = [load_chosen(path, extractor) for path in request.references]
        if request.gallery is None or len(loaded) >= most:
            return loaded
        with ExitStack() as stack:
            gallery = stack.enter_context(Gallery(request.gallery))
            whole = whole_picture(request)
            found = find_references(
                _eight_bit(whole.composite),
                _eight_bit(whole.mask),
                gallery,
                self._extractor(gallery.extractor),
                most - len(loaded),
                {*request.excluded, *request.references},
                run.checkpoint,
            )
            candidates = (load_found(reference, gallery, extractor) for reference in found)
            return [*loaded, *(one for one in candidates if one is not None)]

    def _loaded_network(self) -> Harmonizer:
        if self._network is None:
            self._network = load_network(self._weights, self._device)
        return self._network

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = load_extractor(name, device=self._device)
        return self._extractors[name]


def _eight_bit(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)


def _small_request(request: HarmonizeRequest, copy: WorkingCopy, side: int) -> tuple[HarmonizeRequest, WorkingCopy]:
    """The network's window as an 8-bit sRGB composite of its own, at most ``side`` pixels long."""
    window = copy.window
    scale = min(1.0, side / max(window.width, window.height))
    width, height = (max(1, round(edge * scale)) for edge in (window.width, window.height))
    small = reduced(request, window, (height, width))
    composite = _eight_bit(small.composite)
    asked = HarmonizeRequest(composite, composite, mask=_eight_bit(small.mask))
    return asked, replace(copy, window=Window(0, 0, width, height))
