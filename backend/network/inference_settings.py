"""Settings that belong to a checkpoint: the numbers with which its network is run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


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
        hidden_edge: weight of the prediction with the object's edge hidden in the mean with that with it shown, 0 to 1,
            where the edge is no evidence.
        edge_evidence: agreement at the edge (see ``EdgeFit``) from which on the edge is shown alone, above 0.
    """

    side: int = 256
    close_context: float = 1.5
    wide_context: float = 2.5
    edge_lines: int = 1200
    reference_trust: float = 0.3
    hidden_edge: float = 0.5
    edge_evidence: float = 0.8

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
        return InferenceSettings(**json.loads(text))
