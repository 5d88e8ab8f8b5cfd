"""The shape of a network, as its checkpoint records it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a checkpoint's network.

    Attributes:
        width: channels of the features e.
        scene_width: length of the vector that describes the scene as a whole.
        content_channels: of the extractor with which the network was trained.
        extractor: name of that extractor.
    """

    width: int = 128
    scene_width: int = 512
    content_channels: int = 64
    extractor: str = "bundled"
