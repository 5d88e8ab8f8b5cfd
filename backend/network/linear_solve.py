"""Small systems of linear equations."""

from __future__ import annotations

import torch
from torch import Tensor


def solve(left: Tensor, right: Tensor) -> Tensor:
    """Return (B, p, q) X of left X = right.

    Args:
        left: (B, p, p) symmetric and positive definite.
        right: (B, p, q).
    """
    if torch.compiler.is_exporting():  # ONNX has no operator for it
        return _eliminated(left, right)
    solution: Tensor = torch.linalg.solve(left, right)
    return solution


def _eliminated(left: Tensor, right: Tensor) -> Tensor:
    """Do what ``solve`` does by Gauss-Jordan elimination, which needs no pivoting where ``left`` is definite."""
    size = left.shape[1]
    rows = torch.cat([left, right], dim=2)  # (B, p, p + q)
    for column in range(size):
        pivot = rows[:, column : column + 1]  # (B, 1, p + q)
        pivot = pivot / pivot[:, :, column : column + 1]
        cleared = rows - rows[:, :, column : column + 1] * pivot
        rows = torch.cat([cleared[:, :column], pivot, cleared[:, column + 1 :]], dim=1)
    return rows[:, :, size:]
