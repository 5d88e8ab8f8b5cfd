"""Settings that belong to a checkpoint: the numbers with which its network is run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class ConfidenceSettings:
    """The logistic regression that decides how much of a predicted change is kept.

    Attributes:
        change: weight of the log of one plus the mean squared change.
        agreement: weight of the evidence at the object's edge.
        intercept: of the regression.
        floor: the share of a change that is kept at the least, 0 to 1; 1 keeps every change whole.
    """

    change: float = 2.2
    agreement: float = 8.0
    intercept: float = -10.5
    floor: float = 0.1


@dataclass(frozen=True)
class InferenceSettings:
    """How a checkpoint's network is run; stored in the checkpoint's metadata.

    The defaults are where a new checkpoint starts. They were chosen on the val split (docs/experiments/) for the
    weights that Raiha ships.

    Attributes:
        side: height and width of the network's crops, pixels, a multiple of 64.
        close_context: side of the close crop's window, as a multiple of the object's longer side.
        wide_context: the same of the wide crop.
        edge_lines: lines across the object's edge; more than in training cost little.
        reference_trust: weight of the prediction with references in the mean with that without, 0 to 1: a user's
            photos rarely have the very light of the scene.
        confidence: how far predicted changes are trusted.
    """

    side: int = 256
    close_context: float = 1.5
    wide_context: float = 2.5
    edge_lines: int = 1200
    reference_trust: float = 0.3
    confidence: ConfidenceSettings = field(default_factory=ConfidenceSettings)

    def to_json(self) -> str:
        """Return all fields as one JSON object."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> InferenceSettings:
        """Return the settings that ``to_json`` wrote.

        Raises:
            ValueError: the text is not JSON.
            TypeError: it is not an object, or has unknown fields.
        """
        fields = json.loads(text)
        return InferenceSettings(**{**fields, "confidence": ConfidenceSettings(**fields.get("confidence", {}))})
