"""The extractors that a gallery can be made with, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from raiha.gallery_tools.errors import RaihaError


@dataclass(frozen=True)
class ExtractorInfo:
    """What is known of an extractor before its weights are loaded.

    Attributes:
        name: as in ``raiha index --extractor NAME``.
        dimension: channels of a content feature.
        stride: pixels of the resized photo per patch, in each direction.
        input_side: long side in pixels to which a photo is resized.
        content_threshold: formula 3's epsilon_c; the paper's 0.7, confirmed for the bundled extractor.
        content_share: least share of the foreground's patches that must reach it in one photo. The paper asks for a
            single patch (0); calibrated for the bundled extractor in docs/experiments/reference_threshold.md.
        appearance_threshold: formula 5's epsilon_a.
        licence: of the weights.
        source: where the weights come from: a file in this package, or a place on the hub.
        architecture: name of the timm model.
        file_format: how the weights are stored.
    """

    name: str
    dimension: int
    stride: int
    input_side: int
    content_threshold: float
    content_share: float
    appearance_threshold: float
    licence: str
    source: str
    architecture: str
    file_format: Literal["bundled", "timm", "dvt"]


EXTRACTORS: dict[str, ExtractorInfo] = {
    info.name: info
    for info in (
        ExtractorInfo(
            name="bundled",
            dimension=64,
            stride=16,
            input_side=448,
            content_threshold=0.7,
            content_share=0.2,
            appearance_threshold=0.9,
            licence="GPL-3.0-or-later; started from timm mobilenetv2_100 (Apache-2.0)",
            source="weights/bundled.safetensors",
            architecture="mobilenetv2_100",
            file_format="bundled",
        ),
        ExtractorInfo(
            name="dvt-b",
            dimension=768,
            stride=14,
            input_side=448,
            content_threshold=0.7,
            content_share=0.0,
            appearance_threshold=0.9,
            licence="MIT",
            source="jjiaweiyang/DVT/imgnet_distilled/vit_base_patch14_dinov2.lvd142m.pth",
            architecture="vit_base_patch14_dinov2.lvd142m",
            file_format="dvt",
        ),
        ExtractorInfo(
            name="dinov2-s",
            dimension=384,
            stride=14,
            input_side=448,
            content_threshold=0.7,
            content_share=0.0,
            appearance_threshold=0.9,
            licence="Apache-2.0",
            source="timm/vit_small_patch14_dinov2.lvd142m",
            architecture="vit_small_patch14_dinov2.lvd142m",
            file_format="timm",
        ),
        ExtractorInfo(
            name="dinov2-b",
            dimension=768,
            stride=14,
            input_side=448,
            content_threshold=0.7,
            content_share=0.0,
            appearance_threshold=0.9,
            licence="Apache-2.0",
            source="timm/vit_base_patch14_dinov2.lvd142m",
            architecture="vit_base_patch14_dinov2.lvd142m",
            file_format="timm",
        ),
    )
}

BUNDLED_WEIGHTS = Path(__file__).parent / "weights" / "bundled.safetensors"
BUNDLED_GRAPH = BUNDLED_WEIGHTS.with_suffix(".onnx")


def extractor_info(name: str) -> ExtractorInfo:
    """Return the entry of an extractor.

    Raises:
        RaihaError: "unknown-extractor".
    """
    try:
        return EXTRACTORS[name]
    except KeyError:
        raise RaihaError(
            "unknown-extractor",
            f"There is no extractor named {name!r}.",
            f"Choose one of: {', '.join(EXTRACTORS)}.",
            exit_status=2,
        ) from None
