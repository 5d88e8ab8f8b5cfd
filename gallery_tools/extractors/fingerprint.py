"""Fingerprints of weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def fingerprint_of(state: Mapping[str, NDArray[np.float32]]) -> str:
    """32 hex digits that tell weights apart, whatever file they came from."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tensor.shape} ".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
